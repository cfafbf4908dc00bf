"""/Self/Profile: texts that clients keep with the person."""
