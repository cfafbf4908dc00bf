"""Device subscriptions and their life cycle."""
