"""What an operator's tools ask the server about itself."""
