"""The Bluetooth beacons that devices send: a part of their settings with endpoints of its own."""
