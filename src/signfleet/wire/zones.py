"""Time zones: the contract's short codes and IANA names."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_CODES = {
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

CODES = tuple(_CODES)
"""The named codes; `GMT-14` to `GMT+14`, with minutes if need be (`GMT+9:30`), are understood beside them."""


@lru_cache(maxsize=1024)
def zone(name: str | None) -> tzinfo:
    """Give the time zone a code or an IANA name means; UTC when it means none.

    In `GMT+3` the sign is the everyday one: three hours ahead of Greenwich. Never raises.
    """
    if not name:
        return UTC
    code = name.strip().upper()
    if offset := _OFFSET.fullmatch(code):
        sign, hours, minutes = offset.groups(default="0")
        span = timedelta(hours=int(hours), minutes=int(minutes))
        if span > timedelta(hours=14) or int(minutes) > 59:
            return UTC
        return timezone(-span if sign == "-" else span)
    try:
        return ZoneInfo(_CODES.get(code, name.strip()))
    except (KeyError, ValueError, OSError):  # unknown; not a key at all; a folder or an over-long name
        return UTC
