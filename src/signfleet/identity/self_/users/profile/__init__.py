"""/Self/Users/{user}/Profile: the values that clients store with a user."""
