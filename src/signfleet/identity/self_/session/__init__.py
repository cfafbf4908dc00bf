"""/Self/Session: the session of the token that asks."""
