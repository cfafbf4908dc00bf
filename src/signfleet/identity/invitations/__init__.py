"""Invitations: networks that a person may join, and the person's answer."""
