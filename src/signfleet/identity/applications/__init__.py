"""Applications: programs that act for the person who registered them."""
