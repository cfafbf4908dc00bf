"""Addresses of callers: one spelling for each, and the network that one subscriber of a provider has."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

#: The longest IPv6 address has 45 characters. A proxy may forward any text instead of an address.
ADDRESS_LIMIT: Final = 64
#: A subscriber with IPv6 has at least this network, and may use any address in it.
SUBSCRIBER_PREFIX: Final = 64


def canonical(address: str) -> str:
    """Returns the usual spelling: IPv4-mapped IPv6 as IPv4, IPv6 compressed and without a zone; other text is cut."""
    return _canonical(address[:ADDRESS_LIMIT])


def subscriber(address: str) -> str:
    """Returns the unit of a rate limit: an IPv4 address, the /64 of an IPv6 address, or the text."""
    return _subscriber(address[:ADDRESS_LIMIT])


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


@lru_cache(maxsize=4096)
def _canonical(address: str) -> str:
    parsed = _parsed(address)
    if parsed is not None:
        return str(parsed)
    return address if address.isprintable() else ""


@lru_cache(maxsize=4096)
def _subscriber(address: str) -> str:
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, SUBSCRIBER_PREFIX), strict=False))
    return _canonical(address)
