"""The outbox: what leaves the server waits in the store until its receiver has it."""
