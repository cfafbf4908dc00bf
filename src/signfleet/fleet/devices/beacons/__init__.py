"""The Bluetooth beacons that devices send: a part of the settings that has its own endpoints."""
