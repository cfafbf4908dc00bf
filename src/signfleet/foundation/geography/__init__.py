"""Finds the place at a pair of coordinates, offline.

`places` finds the populated place that a point belongs to; `location` completes a device's Location with it.
`README.md` states where the data come from, their licence, and their limits.
"""
