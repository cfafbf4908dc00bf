"""Lists and streams the events of a network to those who may see them."""
