"""Sign-in: the token endpoints, their grants and their trace in the audit trail."""
