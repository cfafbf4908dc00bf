"""Tags: what operators note of devices by key and value, to filter and sort by."""
