"""How a device is doing, judged from what it reports and from how long ago it did."""
