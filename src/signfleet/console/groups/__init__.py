"""`/console/groups`: groups of players."""
