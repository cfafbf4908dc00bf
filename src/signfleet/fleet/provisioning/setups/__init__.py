"""`/rest-setup`: the setups that players get."""
