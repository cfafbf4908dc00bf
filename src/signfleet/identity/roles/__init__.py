"""Roles: the six of every network, and custom ones."""
