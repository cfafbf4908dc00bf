"""`/rest-device`: which setup the player with a serial gets."""
