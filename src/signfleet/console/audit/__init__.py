"""`/console/audit`: who changed what in the network."""
