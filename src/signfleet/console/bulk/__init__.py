"""What is done with many players at once."""
