"""Authentication and authorisation: passwords, tokens, sessions, operations, permissions."""
