"""Connects to the PostgreSQL database that an address names, with libpq's parameters.

asyncpg reads most of them itself, and sends every name that it does not know to the server as a run-time setting. This
module reads the others. It refuses a parameter that the driver cannot follow: an operator who requires channel binding
must not get a connection without it.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlencode

import asyncpg

_NUMBERS: Final = frozenset(
    {
        "connect_timeout",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
    }
)
#: The socket options of Linux; other systems may lack some.
_SOCKET_OPTIONS: Final = {
    "keepalives_idle": "TCP_KEEPIDLE",
    "keepalives_interval": "TCP_KEEPINTVL",
    "keepalives_count": "TCP_KEEPCNT",
    "tcp_user_timeout": "TCP_USER_TIMEOUT",
}
#: The values that describe what the driver does anyway. It cannot follow any other value.
_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "channel_binding": ("prefer", "disable"),
    "client_encoding": ("UTF8", "UTF-8", "auto"),
    "gssencmode": ("prefer", "disable"),
    "gssdelegation": ("0",),
    "load_balance_hosts": ("disable",),
    "min_protocol_version": ("3.0",),
    "max_protocol_version": ("3.0", "3.2", "latest"),
    "replication": ("false", "off", "no", "0"),
    "requiressl": ("0",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
    "hostaddr": (),
    "oauth_client_id": (),
    "oauth_client_secret": (),
    "oauth_issuer": (),
    "oauth_scope": (),
    "require_auth": (),
    "requirepeer": (),
    "scram_client_key": (),
    "scram_server_key": (),
    "sslcrldir": (),
    "sslkeylogfile": (),
}
#: What to do instead.
_INSTEAD: Final = {
    "channel_binding": "sslmode=verify-full with sslrootcert proves the server's identity instead.",
    "hostaddr": "Write the address as the host.",
    "requiressl": "Write sslmode=require.",
    "sslcrldir": "Name one file with sslcrl.",
}
#: Parameters for which asyncpg's own error is not a usable sentence.
_CHOICES: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "prefer-standby", "read-write", "read-only"),
}
_FILES: Final = ("sslcert", "sslkey", "sslrootcert", "sslcrl")


class BadAddress(ValueError):
    """A parameter of the address cannot be followed; the message names it and quotes no secret."""


class Address(NamedTuple):
    """The parts of an address."""

    #: The address with the parameters that asyncpg reads or passes on to the server.
    dsn: str
    connect_timeout: int
    servicefile: str | None
    keepalive: bool
    #: Names of options in `socket`, with their values.
    tcp_options: Mapping[str, int]
    #: By the name of the parameter.
    files: Mapping[str, str]


def parse(url: str) -> Address:
    """Parses an address. Raises `BadAddress`."""
    base, _, query = url.replace("#", "%23").partition("?")
    given = dict(_parameter(text) for text in query.split("&") if text)
    for name, values in _ONLY.items():
        _refuse_other(name, given.pop(name, ""), values)
    for name, values in _CHOICES.items():
        if given.get(name, values[0]) not in values:
            raise BadAddress(f"{name} is one of {', '.join(values)}.")
    numbers = {name: _number(name, given.pop(name)) for name in sorted(_NUMBERS & given.keys())}
    if given.get("sslrootcert") == "system":
        raise BadAddress(
            "sslrootcert=system cannot be followed; name the file of the system's authorities, for example"
            " /etc/ssl/certs/ca-certificates.crt."
        )
    fallback = given.pop("fallback_application_name", "signfleet")
    given.setdefault("application_name", fallback)
    servicefile = given.pop("servicefile", None)
    return Address(
        f"{base}?{urlencode(given, quote_via=quote)}",
        connect_timeout=numbers.get("connect_timeout", 0),
        servicefile=servicefile,
        keepalive=numbers.get("keepalives", 1) != 0,
        tcp_options={option: numbers[name] for name, option in _SOCKET_OPTIONS.items() if numbers.get(name, 0) > 0},
        files={name: given[name] for name in _FILES if name in given},
    )


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadAddress("after '?' write parameters as name=value, joined by '&'; write '&' in a value as %26.")
    return unquote(name), unquote(value)


def _refuse_other(name: str, value: str, values: tuple[str, ...]) -> None:
    if not value or value.casefold() in (known.casefold() for known in values):
        return
    reason = (
        f"the driver cannot follow {name} with any value but {', '.join(values)}"
        if values
        else (f"the driver cannot follow {name}")
    )
    raise BadAddress(f"{reason}. {_INSTEAD.get(name, 'Leave it out.')}")


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
        raise BadAddress(f"{name} is a whole number.")
    return int(value)


async def connect(url: str, *, seconds: float, **options: Any) -> Any:
    """Opens a connection of asyncpg within `seconds`, unless the address has its own limit.

    Raises `BadAddress` and asyncpg's errors.
    """
    address = parse(url)
    if address.servicefile is not None:
        options["servicefile"] = address.servicefile
    limit = address.connect_timeout if address.connect_timeout > 0 else seconds
    try:
        connection = await asyncpg.connect(address.dsn, timeout=limit, **options)
    except OSError as error:
        for name, path in address.files.items():
            if not os.access(path, os.R_OK):
                raise OSError(f"the file of {name}, {path}, cannot be read") from error
        raise
    _set_keepalive(connection, address)
    return connection


def _set_keepalive(connection: Any, address: Address) -> None:
    """Turns on TCP keepalive: the system detects a dead idle connection, and routers do not drop a live one."""
    transport = connection._transport  # asyncpg offers no public way to its socket
    connected = transport.get_extra_info("socket")
    if connected is None or connected.family not in (socket.AF_INET, socket.AF_INET6) or not address.keepalive:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in address.tcp_options.items():
        if hasattr(socket, option):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
