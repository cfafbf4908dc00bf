"""Signing in: the token endpoints."""
