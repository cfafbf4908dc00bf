"""Permissions for single devices."""
