"""Which player may join a network, and as which device: secrets of devices, blocked serials, claims.

What players call is in `players`; setup tokens are in `provisioning`.
"""
