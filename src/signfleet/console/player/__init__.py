"""`/console/players/{player}`: everything about one player, a tab at a time."""
