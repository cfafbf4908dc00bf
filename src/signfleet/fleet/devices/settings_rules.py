"""Rejects settings that fit the types but that no player could apply.

Only values that a change brings are checked, so that stored settings can always be sent back as they are.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from signfleet.fleet.devices.schemas import DeviceNetworkSettings, InterfaceSettings, PlayerSettings
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import timespan, zones

#: RFC 1123, and the underscore, which some networks use.
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    r"(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_NOT_IN_INTERFACE_NAMES = re.compile(r"[\s/]")
#: IEEE 802.1Q.
_VLANS = range(1, 4095)
#: Bytes, IEEE 802.11.
_SSID_LIMIT = 32
_CODES = {"mcc": re.compile(r"[0-9]{3}"), "mnc": re.compile(r"[0-9]{2,3}")}
_BITS = {socket.AF_INET: 32, socket.AF_INET6: 128}


class _Problem(NamedTuple):
    """What is wrong, and where below `settings`."""

    at: str
    what: str


def check(settings: PlayerSettings, wanted: dict[str, Any], present: dict[str, Any]) -> None:
    """Checks new settings of a device against those in force, `present`; spells the time zone as the database does.

    `wanted` are the new settings as builtin types.

    Raises `Invalid` naming the first property that no player could apply.
    """
    changed = {name for name, value in wanted.items() if value != present.get(name)}
    for problem in _problems(settings, wanted, present, changed):
        raise Invalid(f"{problem.what} - at 'settings.{problem.at}'.")
    if "timezone" in changed and settings.timezone:
        settings.timezone = zones.canonical(settings.timezone)


def _problems(
    settings: PlayerSettings, wanted: dict[str, Any], present: dict[str, Any], changed: set[str]
) -> Iterator[_Problem]:
    if "name" in changed and not settings.name.strip():
        yield _Problem("name", "The name is blank; a device needs one")
    if "timezone" in changed and settings.timezone is not None and zones.canonical(settings.timezone) is None:
        near = ", ".join(zones.nearest(settings.timezone))
        yield _Problem("timezone", f"There is no time zone '{settings.timezone}'; the nearest are {near}")
    if "brightWall" in changed and settings.bright_wall is not None:
        wall = settings.bright_wall
        if wall.id or wall.name:
            named = str(wall.id) if wall.id else f"'{wall.name}'"
            yield _Problem("brightWall", f"There is no BrightWall {named}; this server has none, so it has to be null")
    splash_url = settings.screen and settings.screen.splash_url
    if "screen" in changed and splash_url and not _URI.fullmatch(splash_url):
        yield _Problem("screen.splashUrl", "Expected an address such as https://example.com/splash.png")
    if "synchronization" in changed and settings.synchronization:
        content = settings.synchronization.content
        yield from _time_of_day("synchronization.content.start", content.start)
        yield from _time_of_day("synchronization.content.end", content.end)
    if "logging" in changed and settings.logging:
        yield from _time_of_day("logging.uploadTime", settings.logging.upload_time)
    if "network" in changed and settings.network:
        yield from _network(settings.network, wanted["network"], present.get("network") or {})


def _time_of_day(at: str, text: str | None) -> Iterator[_Problem]:
    if text is not None and timespan.parse(text) >= timespan.DAY:
        yield _Problem(at, f"'{text}' is not a time of day; it has to be before 24:00:00")


def _network(network: DeviceNetworkSettings, wanted: dict[str, Any], present: dict[str, Any]) -> Iterator[_Problem]:
    if network.hostname and network.hostname != present.get("hostname") and not _HOST.fullmatch(network.hostname):
        yield _Problem(
            "network.hostname",
            f"'{network.hostname}' is not a host name; use letters, digits and hyphens, and dots between its parts",
        )
    proxy = network.proxy_server
    if proxy and proxy != present.get("proxyServer") and not _is_web_address(proxy, ("http", "https")):
        # The message omits the value, which may have a password in it.
        yield _Problem("network.proxyServer", "Expected an address such as http://proxy.example.com:8080")
    servers = present.get("timeServers") or ()
    for place, server in enumerate(network.time_servers or ()):
        if server not in servers and not _is_web_address(server, ("http", "https", "ntp")):
            yield _Problem(
                f"network.timeServers[{place}]",
                f"'{server[:80]}' is not a time server; expected an address such as http://time.example.com/",
            )
    if wanted["interfaces"] != present.get("interfaces"):
        yield from _interfaces(network.interfaces or (), wanted["interfaces"] or (), present.get("interfaces") or ())


def _interfaces(
    interfaces: Sequence[InterfaceSettings], wanted: Sequence[dict[str, Any]], present: Sequence[dict[str, Any]]
) -> Iterator[_Problem]:
    names: dict[str, int] = {}
    for place, interface in enumerate(interfaces):
        if names.setdefault(interface.name, place) != place:
            yield _Problem(f"network.interfaces[{place}].name", f"Two interfaces are named '{interface.name}'")
    for place, interface in enumerate(interfaces):
        at = f"network.interfaces[{place}]"
        if interface.type == "Virtual" and interface.parent not in names.keys() - {interface.name}:
            fault = "needs a parent" if not interface.parent else f"has no parent '{interface.parent}' in the list"
            yield _Problem(f"{at}.parent", f"The virtual interface '{interface.name}' {fault}")
        if wanted[place] not in present:
            yield from _interface(at, interface)


def _interface(at: str, interface: InterfaceSettings) -> Iterator[_Problem]:
    if _NOT_IN_INTERFACE_NAMES.search(interface.name):
        yield _Problem(f"{at}.name", f"'{interface.name}' is not a name of an interface, such as eth0")
    vlan = interface.vlan_id
    if (interface.type == "Virtual" or vlan) and vlan not in _VLANS:
        yield _Problem(f"{at}.vlanId", f"A VLAN has a number from {_VLANS[0]} to {_VLANS[-1]}")
    if interface.ssid and len(interface.ssid.encode()) > _SSID_LIMIT:
        yield _Problem(f"{at}.ssid", f"The name of a wireless network has at most {_SSID_LIMIT} bytes")
    for place, text in enumerate(interface.ip or ()):
        if not _is_ip(text, with_prefix=True):
            yield _Problem(f"{at}.ip[{place}]", f"'{text}' is not an IP address, such as 192.168.0.2/24")
    if interface.gateway and not _is_ip(interface.gateway):
        yield _Problem(f"{at}.gateway", f"'{interface.gateway}' is not an IP address, such as 192.168.0.1")
    for place, text in enumerate(interface.dns or ()):
        if not _is_ip(text):
            yield _Problem(f"{at}.dns[{place}]", f"'{text}' is not an IP address, such as 192.168.0.1")
    for place, sim in enumerate(interface.sims or ()):
        for name, code in _CODES.items():
            value = getattr(sim, name)
            if value and not code.fullmatch(value):
                yield _Problem(f"{at}.sims[{place}].{name}", f"'{value}' is not a code of a mobile network")


def _is_web_address(text: str, schemes: Sequence[str]) -> bool:
    if re.search(r"[\x00-\x20\x7f]", text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # an invalid port, or brackets that do not match
        return False


def _is_ip(text: str, *, with_prefix: bool = False) -> bool:
    """Checks whether a text is an IP address. `inet_pton` is ten times as fast as the module `ipaddress`."""
    address, slash, prefix = text.partition("/") if with_prefix else (text, "", "")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        # Without the zone of a link-local address, such as %eth0.
        socket.inet_pton(family, address.partition("%")[0] if family is socket.AF_INET6 else address)
    except (OSError, ValueError):
        return False
    return not slash or (prefix.isascii() and prefix.isdigit() and len(prefix) < 4 and int(prefix) <= _BITS[family])
