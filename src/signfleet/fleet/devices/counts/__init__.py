"""Counts of devices by health, group, model and place, maintained by the transactions that change devices."""
