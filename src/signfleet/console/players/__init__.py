"""`/console/players`: the list of players."""
