"""`/console/settings`: the settings of the chosen network."""
