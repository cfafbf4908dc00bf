"""Profiles: texts by key that clients keep with a person or a user."""
