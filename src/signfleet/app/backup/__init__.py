"""Backups: one file with the store and all pictures, written while the server runs, and restored into a new store."""
