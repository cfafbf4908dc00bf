"""The health of a player over time, as the parts of a strip that the page draws."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.translations import later
from signfleet.fleet.health.schemas import DeviceHealthDetails, HealthPeriod
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY

#: How far back a page can look: ms, and the words.
RANGES: Final = {"24h": (DAY, later("24 hours")), "7d": (7 * DAY, later("7 days")), "30d": (30 * DAY, later("30 days"))}
#: How wide the whole strip is; parts have whole numbers.
WIDTH: Final = 1000


class Part(NamedTuple):
    """A time with one health: where it begins and how wide it is, and from when until when (ms)."""

    x: int
    width: int
    health: str
    since: int
    until: int


def strip(periods: list[HealthPeriod], present: DeviceHealthDetails, since: int, now: int) -> list[Part]:
    """Returns the parts between two dates (ms), the earliest first; a part that has ended is at least one unit wide."""
    spans = [(_ms(each.since), _ms(each.until), each.health) for each in reversed(periods)]
    spans.append((_ms(present.since), now, present.health))
    scale = WIDTH / (now - since)
    parts = []
    for begin, end, health in spans:
        first, last = max(begin, since), min(end, now)
        if last > first:
            x = round((first - since) * scale)
            parts.append(Part(x, max(round((last - since) * scale) - x, 1), health, first, last))
    return parts


def _ms(text: str) -> int:
    return datetime.parse(text) or 0
