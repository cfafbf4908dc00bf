"""Time spans: milliseconds in the program, the contract's `[d.]hh:mm[:ss[.fff]]` in JSON."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: What `parse` accepts, as a regular expression that means the same in Python and JSON Schema.
PATTERN = r"^([0-9]{1,5}\.)?([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?$(?!\n)"

_FORM = re.compile(r"(?:([0-9]{1,5})\.)?([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?")

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: Longer texts are not cached.
_CACHED_LENGTH: Final = 24
MAX_MS = 100_000 * DAY - 1
"""The longest span that the text can express: 99999.23:59:59.999."""


def format(ms: int) -> str:
    """Returns the text of `ms` milliseconds (0 to `MAX_MS`): `00:05:00`, `00:00:00.500`, `730.00:00:00`."""
    days, rest = divmod(ms, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, fraction = divmod(rest, SECOND)
    text = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    if days:
        text = f"{days}.{text}"
    if fraction:
        text = f"{text}.{fraction:03d}"
    return text


def parse(text: str) -> int:
    """Reads a span as milliseconds, dropping digits beyond them. Raises ValueError for anything else."""
    return _cached_parse(text) if len(text) <= _CACHED_LENGTH else _parse(text)


def _parse(text: str) -> int:
    match = _FORM.fullmatch(text)
    if match is None:
        if text.startswith("-"):
            raise ValueError("a time span is not negative")
        raise ValueError("a time span looks like 00:05:00 or 30.00:00:00 (days.hours:minutes:seconds)")
    days, hours, minutes, seconds, fraction = match.groups(default="0")
    if int(hours) > 23:
        raise ValueError("the hours of a time span go up to 23; write longer ones with days, as in 1.00:00:00")
    if int(minutes) > 59 or int(seconds) > 59:
        raise ValueError("the minutes and seconds of a time span go up to 59")
    whole = int(days) * DAY + int(hours) * HOUR + int(minutes) * MINUTE + int(seconds) * SECOND
    return whole + int((fraction + "00")[:3])


#: Settings of a fleet have the same few spans, and each report's is read twice.
_cached_parse = lru_cache(1024)(_parse)


def canonical(text: str) -> str:
    """Returns a span as `format` writes it: `00:05` as `00:05:00`. Raises ValueError as `parse` does."""
    return _cached_canonical(text) if len(text) <= _CACHED_LENGTH else _canonical(text)


def _canonical(text: str) -> str:
    return format(parse(text))


_cached_canonical = lru_cache(1024)(_canonical)
