"""Lists as CSV."""
