"""Stores everything: one small interface over an embedded SQLite file or a PostgreSQL server."""
