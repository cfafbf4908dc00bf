"""Changes of all devices that a filter matches, and of those that a file lists."""
