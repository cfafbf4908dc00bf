"""Time zones: the contract's short codes, IANA names, and the names of Windows."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import msgspec

#: The named codes; `GMT-14` to `GMT+14`, also with minutes (`GMT+9:30`), are valid too.
CODES = {
    "EST": "America/New_York",
    "EST1": "Etc/GMT+5",
    "CST": "America/Chicago",
    "CST2": "America/Mexico_City",
    "MST": "America/Denver",
    "MST1": "America/Phoenix",
    "MST2": "America/Chihuahua",
    "PST": "America/Los_Angeles",
    "PST2": "America/Tijuana",
    "AKST": "America/Anchorage",
    "HST": "Pacific/Honolulu",
    "HST1": "America/Adak",
    "AST": "America/Halifax",
    "NST": "America/St_Johns",
    "BRT": "America/Sao_Paulo",
    "AZOT": "Atlantic/Azores",
    "GMT": "UTC",
    "GMTBST": "Europe/London",
    "WET": "Europe/Lisbon",
    "CET": "Europe/Paris",
    "EET": "Europe/Athens",
    "MSK": "Europe/Moscow",
    "SAMT": "Europe/Samara",
    "YEKT": "Asia/Yekaterinburg",
    "OMST": "Asia/Omsk",
    "IST": "Asia/Kolkata",
    "NPT": "Asia/Kathmandu",
    "CXT": "Indian/Christmas",
    "JST": "Asia/Tokyo",
    "AWST": "Australia/Perth",
    "AWST1": "Australia/Perth",
    "ACST": "Australia/Adelaide",
    "ACST1": "Australia/Darwin",
    "AEST": "Australia/Sydney",
    "AEST1": "Australia/Brisbane",
    "NFT": "Pacific/Norfolk",
    "NZST": "Pacific/Auckland",
}

_OFFSET = re.compile(r"(?:GMT|UTC)([+-])([0-9]{1,2})(?::([0-9]{2}))?")
_LONGEST_OFFSET = timedelta(hours=14)


@lru_cache(maxsize=1024)
def canonical(name: str) -> str | None:
    """Returns the code or IANA name of a time zone as players know it; None if `name` is not a time zone.

    Ignores letter case. A name that Windows uses becomes the IANA name of its zone.
    """
    name = name.strip()
    code = name.upper()
    if code in CODES or _offset(code) is not None:
        return code
    return _names().get(name.lower())


def nearest(name: str, count: int = 3) -> list[str]:
    """Returns the names of time zones that are spelt most like `name`, nearest first."""
    pairs = _pairs(name)
    likeness = {known: 2 * len(pairs & own) / (len(pairs) + len(own)) for known, own in _known_pairs().items()}
    return sorted(likeness, key=lambda known: -likeness[known])[:count]


@lru_cache(maxsize=1024)
def zone(name: str | None) -> tzinfo:
    """Returns the time zone of a code or name; UTC if there is none. Never raises.

    The sign in `GMT+3` is the usual one: three hours ahead of Greenwich.
    """
    known = canonical(name) if name else None
    if known is None:
        return UTC
    offset = _offset(known)
    return ZoneInfo(CODES.get(known, known)) if offset is None else timezone(offset)


def _offset(code: str) -> timedelta | None:
    """Returns the offset of `GMT+3` or `GMT+9:30`; None for any other code."""
    match = _OFFSET.fullmatch(code)
    if match is None:
        return None
    sign, hours, minutes = match.groups(default="0")
    span = timedelta(hours=int(hours), minutes=int(minutes))
    if span > _LONGEST_OFFSET or int(minutes) > 59:
        return None
    return -span if sign == "-" else span


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Returns IANA names by themselves and by the names of Windows, in lower case."""
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    windows = msgspec.json.decode(resources.files(__package__).joinpath("windows_zones.json").read_bytes())
    return {name.lower(): name for name in names} | {name.lower(): iana for name, iana in windows.items()}


@lru_cache(maxsize=1)
def _known_pairs() -> dict[str, frozenset[str]]:
    return {name: _pairs(name) for name in (*CODES, *dict.fromkeys(_names().values()))}


def _pairs(name: str) -> frozenset[str]:
    """Returns the pairs of neighbouring characters: comparing sets is ten times as fast as comparing texts."""
    name = f" {name.lower()} "
    return frozenset(name[place : place + 2] for place in range(len(name) - 1))
