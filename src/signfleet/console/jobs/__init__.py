"""Work in steps: how far it has come, what it could not do, and its undoing."""
