"""Lists the keys and values of the tags in use in a network."""
