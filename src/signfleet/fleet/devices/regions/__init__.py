"""Regions: the places where devices stand, with totals of the devices there."""
