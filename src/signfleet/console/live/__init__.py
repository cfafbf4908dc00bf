"""What happens, as one stream for each browser."""
