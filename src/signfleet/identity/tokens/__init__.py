"""Looks up and revokes a token of a person, user or player by its text."""
