"""What can be done with devices, and who may do it."""
