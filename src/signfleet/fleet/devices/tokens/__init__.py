"""Lets operators check and revoke the access and refresh tokens of devices."""
