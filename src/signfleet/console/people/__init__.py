"""`/console/people`: people and their rights, applications and setup tokens."""
