"""`/Provisioning`: the setup tokens with which players join a network."""
