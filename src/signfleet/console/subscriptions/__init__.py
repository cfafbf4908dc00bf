"""`/console/subscriptions`: the subscriptions of the network."""
