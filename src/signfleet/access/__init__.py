"""Who may do what: passwords, tokens, sessions, scopes, operations and permissions."""
