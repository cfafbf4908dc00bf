"""Who calls: the session behind a request, what its scopes reach, and the actor that the audit trail names."""
