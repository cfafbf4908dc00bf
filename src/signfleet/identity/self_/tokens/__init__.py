"""/Self/Tokens: the person's own access and refresh tokens."""
