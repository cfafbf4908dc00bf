"""Which players may join a network, and as which device: secrets of devices, blocked serials, claims.

The endpoints for players are in `players`, setup tokens in `provisioning`.
"""
