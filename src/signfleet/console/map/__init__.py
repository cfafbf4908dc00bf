"""`/console/map`: where players stand, with their health."""
