"""Tokens of people and players, by their own text."""
