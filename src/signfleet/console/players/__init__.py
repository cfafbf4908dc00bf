"""`/console/players`: the list of players, and a player."""
