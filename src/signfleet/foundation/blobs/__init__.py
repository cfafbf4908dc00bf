"""Stores files that are too large for the database, in a folder or in object storage, and signs links to them."""
