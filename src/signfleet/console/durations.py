"""Durations for people: "2 years" rather than `730.00:00:00`, and a number with its unit in forms."""

from __future__ import annotations

from typing import Final, NamedTuple

from babel import Locale
from babel.units import format_unit

from signfleet.console.translations import later
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE, SECOND

YEAR: Final = 365 * DAY
#: The units, the largest first, with what a form calls them.
UNITS: Final = {
    "year": (YEAR, later("years")),
    "day": (DAY, later("days")),
    "hour": (HOUR, later("hours")),
    "minute": (MINUTE, later("minutes")),
    "second": (SECOND, later("seconds")),
}


class Amount(NamedTuple):
    """What a form shows of a duration: a number of one unit; text that is no duration stays, without a unit."""

    number: str
    unit: str


def in_words(text: str, locale: Locale) -> str:
    """Returns a duration of the API in the words of a language, exact; other text as it is."""
    try:
        rest = timespan.parse(text)
    except ValueError:
        return text
    parts = []
    for unit, (size, _) in UNITS.items():
        if unit == "year" and rest % YEAR:
            continue  # 400 days are no year and 35 days
        number, rest = (rest / size, 0) if unit == "second" else divmod(rest, size)
        if number:
            parts.append(format_unit(number, f"duration-{unit}", "long", locale=locale))
    return " ".join(parts) or format_unit(0, "duration-second", locale=locale)


def amount(text: str) -> Amount:
    """Returns what a form shows of a duration of the API: the largest unit of which it is a whole number."""
    try:
        ms = timespan.parse(text)
    except ValueError:
        return Amount(text, "")
    unit = next((unit for unit, (size, _) in UNITS.items() if ms and ms % size == 0), "second")
    number = f"{ms / UNITS[unit][0]:.3f}".rstrip("0").rstrip(".")
    return Amount(number, unit)


def written(number: str, unit: str) -> str:
    """Returns a number of a unit as the API writes durations; what is none, as it is."""
    text = number.strip()
    if unit not in UNITS or not text.isascii() or len(text) > 16:
        return text
    try:
        ms = round(float(text.replace(",", ".")) * UNITS[unit][0])
        return timespan.format(ms) if 0 <= ms <= timespan.MAX_MS else text
    except (ValueError, OverflowError):
        return text
