"""`/console/alerts`: what rules have found, and who takes care of it."""
