"""Access and refresh tokens of devices, as operators check and revoke them."""
