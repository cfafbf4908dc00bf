"""/Self/Users: the person as a user of their networks."""
