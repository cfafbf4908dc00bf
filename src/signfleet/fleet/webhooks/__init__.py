"""Webhooks of a network and what its outbox contains: the part that knows permissions and the audit trail."""
