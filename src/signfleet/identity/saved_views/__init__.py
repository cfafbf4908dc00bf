"""Views of lists under a name, of one user or of everybody in a network."""
