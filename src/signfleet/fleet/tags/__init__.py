"""The tags in use in a network: which keys there are, and which values."""
