"""The health of devices: evaluated from what a device reports and from how long ago it did."""
