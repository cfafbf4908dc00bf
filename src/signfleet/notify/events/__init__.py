"""Events: what happened to devices, networks and accounts, recorded with the change and read after a position."""
