"""People and their rights: accounts, networks, users, roles, sign-in, permissions, and the audit trail.

What they do with players belongs in `fleet`."""
