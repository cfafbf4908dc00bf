"""`/console/add`: how players join the network."""
