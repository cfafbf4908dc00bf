"""The Devices family: players, and everything that hangs on one."""
