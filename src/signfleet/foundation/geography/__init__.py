"""Where a pair of coordinates is, told offline.

`places` finds the populated place that a point belongs to, `location` completes a device's Location with it.
`README.md` states where the data come from, their licence, and what they cannot tell.
"""
