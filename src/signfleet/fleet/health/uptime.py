"""Computes how long a device was in each health from running totals: a few look-ups, however often it changed.

Each period that has ended has the totals up to its end. The totals at any moment follow from the period that contains
it, and the time in a window is the difference of two totals:

    period    Normal        Error   Normal (present)
              |------------|-------|--------------------|
    totals                 N 120   N 120                N 320
                           E 0     E 70                 E 70
                    |<-------------- window ----------->|
                    N 70                                  → Normal 250, Error 70
"""

from __future__ import annotations

from typing import NamedTuple

from signfleet.fleet.health.reading_store import PERIOD_AT, PeriodRow
from signfleet.fleet.health.schemas import Uptime, Uptimes
from signfleet.fleet.health.store import LAST_TOTALS, StoredHealth
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.timespan import DAY

WINDOWS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}


class Totals(NamedTuple):
    """Times in each health, in ms."""

    normal: int = 0
    warning: int = 0
    error: int = 0

    def plus(self, health: str, time: int) -> Totals:
        """Returns the totals with more (or, below zero, less) time in a health; Unknown does not count."""
        name = health.lower()
        return self._replace(**{name: getattr(self, name) + time}) if name in self._fields else self

    def __sub__(self, other: Totals) -> Totals:
        return Totals(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def totals_at(moment: int, period: PeriodRow) -> Totals:
    """Returns the totals at a moment in a period, or at its beginning if that is later."""
    end = Totals(period.normal, period.warning, period.error)
    return end.plus(period.health, max(moment, period.since_date) - period.until_date)


def share(times: Totals) -> float | None:
    """Returns the share without Error in percent; rounded down, so that 100 means that there was no error."""
    whole = sum(times)
    return None if whole <= 0 else (times.normal + times.warning) * 10_000 // whole / 100


def uptime(times: Totals) -> Uptime:
    """Returns the entity of times in a window."""
    return Uptime(
        percent=share(times),
        normal=timespan.format(times.normal // 1000 * 1000),
        warning=timespan.format(times.warning // 1000 * 1000),
        error=timespan.format(times.error // 1000 * 1000),
    )


async def read_uptimes(store: Store, row: StoredHealth, now: int) -> Uptimes:
    """Returns the uptime of a device in each window that ends at `now` (ms)."""
    last = await store.one(LAST_TOTALS, network_id=row.network_id, ids=[row.id])
    before = Totals(last.normal, last.warning, last.error) if last else Totals()

    async def totals(moment: int) -> Totals:
        period = await store.one(PERIOD_AT, network_id=row.network_id, device_id=row.id, moment=moment)
        if period is None:
            return before.plus(row.health, max(moment - row.health_since, 0))
        return totals_at(moment, period)

    present = await totals(now)
    return Uptimes(**{name: uptime(present - await totals(now - length)) for name, length in WINDOWS.items()})
