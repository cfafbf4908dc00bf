"""Profiles: texts by key that clients store with a person or a user."""
