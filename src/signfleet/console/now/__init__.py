"""`/console/now`: what is dark, since when, what belongs together and what to do next."""
