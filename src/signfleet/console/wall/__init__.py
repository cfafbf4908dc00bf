"""`/console/wall`: the latest picture of each player."""
