"""`/console/profile`: the person who reads."""
