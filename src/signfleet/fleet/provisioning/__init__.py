"""/Provisioning: the tokens with which players are set up."""
