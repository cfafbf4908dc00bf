"""`/console/networks`: the choice of a network."""
