"""/Self/Applications: the programs that act for the person."""
