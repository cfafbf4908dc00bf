"""Pictures of what devices show."""
