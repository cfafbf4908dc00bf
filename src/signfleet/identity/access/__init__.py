"""Who calls, and what they may do: passwords, tokens, sessions, scopes, operations, permissions."""
