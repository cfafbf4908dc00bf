"""Users: people as members of a network."""
