"""Hosts as requests name them: `signs.example.com`, `203.0.113.7:8080`, `[2001:db8::1]:443`."""

from __future__ import annotations

import ipaddress
import re

_NAME = re.compile(r"[A-Za-z0-9._~-]{1,255}(?::([0-9]{1,5}))?")
_IPV6 = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::([0-9]{1,5}))?")


def is_authority(text: str) -> bool:
    """Returns whether `text` is a host with or without a port, as in a URL; names are in ASCII, as in DNS."""
    match = _NAME.fullmatch(text)
    if match is not None:
        port = match[1]
    else:
        match = _IPV6.fullmatch(text)
        if match is None or not _is_ipv6(match[1]):
            return False
        port = match[2]
    return port is None or int(port) <= 65_535


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def plain_address(address: str) -> str:
    """Returns an IP address as people write it: an IPv4 address that came over IPv6 as IPv4, without an interface."""
    if ":" not in address:
        return address
    address = address.partition("%")[0]
    if address[:7].lower() == "::ffff:" and "." in address:
        return address[7:]
    return address


def origin_of(address: str) -> str:
    """Returns what counts as one caller: an IPv4 address, or the first 64 bits of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        packed = ipaddress.IPv6Address(address).packed[:8]
    except ValueError:
        return address
    return f"{ipaddress.IPv6Address(packed + bytes(8))}/64"
