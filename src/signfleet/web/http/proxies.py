"""Reads the `X-Forwarded-*` headers of trusted reverse proxies."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

from signfleet.web.http.authority import is_authority, plain_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: How many hops of `X-Forwarded-For` are read, beginning with the nearest.
HOPS = 32


class TrustedProxies:
    """The networks whose `X-Forwarded-*` headers the server trusts."""

    def __init__(self, setting: str) -> None:
        """Reads the setting `trusted_proxies`. Raises `ValueError` naming an entry that is no address or network."""
        entries = [entry.strip() for entry in setting.split(",") if entry.strip()]
        self.trusts_all = "*" in entries
        self._networks = [network_of(entry) for entry in entries if entry != "*"]
        self.trusts = lru_cache(4096)(self._trusts)

    def _trusts(self, address: str) -> bool:
        """Returns whether `address`, as `plain_address` gives it, is a trusted proxy's."""
        if self.trusts_all:
            return True
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    def apply(self, scope: dict[str, Any]) -> None:
        """Sets the client, the scheme and the host in the scope of a proxy's request."""
        forwarded: dict[bytes, bytes] = {}
        hops: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                hops.append(value)
            elif name.startswith(b"x-forwarded-"):
                forwarded[name] = value  # the nearest proxy writes the last one
        if hops and (address := self._client(b",".join(hops).decode("latin-1"))) is not None:
            scope["client"] = (address, 0)
        scheme = _last(forwarded.get(b"x-forwarded-proto"))
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        host = _last(forwarded.get(b"x-forwarded-host"))
        if host and is_authority(host):
            scope["forwarded_host"] = host

    def _client(self, forwarded_for: str) -> str | None:
        """Returns the nearest address that is no trusted proxy, or the farthest if all are; None for no address."""
        hops = forwarded_for.rsplit(",", HOPS)[-HOPS:]
        address = None
        for hop in reversed(hops):
            parsed = _address(hop.strip())
            if parsed is None:
                return address
            address = parsed
            if not self.trusts_all and not self.trusts(address):
                return address
        return address


def network_of(entry: str) -> Network:
    """Parses a network or a single address; `127.0.0.1/8` means `127.0.0.0/8`. Raises `ValueError`."""
    network = ipaddress.ip_network(entry, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped  # such peers are known by their IPv4 address
        if mapped is not None:
            return ipaddress.ip_network((mapped, network.prefixlen - 96), strict=False)
    return network


def _last(value: bytes | None) -> str | None:
    """Returns the last item of a list: that of the nearest proxy."""
    return None if value is None else value.rpartition(b",")[2].strip().decode("latin-1")


def _address(hop: str) -> str | None:
    """Parses `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` or `[2001:db8::1]:4711`."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ipaddress.ip_address(plain_address(hop)))
    except ValueError:
        return None
