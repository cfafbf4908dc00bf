"""`/console/tags`: the tags in use."""
