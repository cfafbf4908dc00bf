"""The web interface of a simulated player (its local DWS), which requests reach by the command `relay`."""
