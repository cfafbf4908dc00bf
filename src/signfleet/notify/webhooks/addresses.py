"""Which addresses webhooks may reach: public ones, and those that the operator's setting names.

A person who may create webhooks must not reach what only the server can reach: its own machine, its neighbours, the
metadata of a cloud. A name is resolved once and its address checked; the connection goes to that address.
"""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Special, although Python's `is_global` accepts them, in this version or an older one.
_SPECIAL: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class WebhookAddresses:
    """The addresses that the setting `webhook_addresses` names, beside the public ones."""

    def __init__(self, setting: str) -> None:
        """Raises `ValueError` for a text that is no address or network."""
        self._named: list[Network] = [ipaddress.ip_network(part.strip()) for part in setting.split(",") if part.strip()]

    def names(self, address: Address) -> bool:
        """Returns whether the setting names the address."""
        reached = _reached(address)
        return any(each in network for each in {address, reached} for network in self._named)

    def admits(self, address: Address, *, is_secure: bool) -> bool:
        """Returns whether a webhook may connect there: over TLS to public addresses, in any way to named ones."""
        return self.names(address) or (is_secure and is_public(address))


def is_public(address: Address) -> bool:
    """Returns whether an address belongs to the Internet at large: one host that anybody may reach."""
    reached = _reached(address)
    if reached is not address:
        return is_public(reached)
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_loopback)


def _reached(address: Address) -> Address:
    """Returns the IPv4 address that an IPv6 address stands for, or the address itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
