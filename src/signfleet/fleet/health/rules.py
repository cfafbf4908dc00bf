"""The rules of health; `docs/health.md` has them in words. A network may change the limits.

| health | when |
| --- | --- |
| Unknown | the device has never reported |
| Error | no report for three periods, at least 15 minutes; or a storage is full or cannot be written |
| Warning | no report for two periods, at least 10 minutes; a storage is nearly full; or an error in the last hour |
| Normal | otherwise |

The period is the device's `settings.synchronization.status.period`; without one it is five minutes. A deadline that
falls into an outage of the server, when no report could arrive, starts over at the end of the outage:

    report      deadline           report      outage     outage's end + the same time
    |-----------|                  |-----[============]-----------|
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from signfleet.fleet.devices.schemas import StorageStatus
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from signfleet.foundation.wire.types import Health

DEFAULT_PERIOD = 5 * MINUTE

ReasonCode = Literal[
    "neverReported",
    "silent",
    "storageReadOnly",
    "storageFull",
    "storageNearlyFull",
    "deviceError",
    "subscriptionSuspended",
]

#: Storages that do not affect the health: they are small or read-only by design.
_IRRELEVANT = {"Tmp", "Flash"}


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From when on something counts: numbers of periods, times in ms, shares in percent."""

    late_reports: int = 2
    late_after: int = 10 * MINUTE
    silent_reports: int = 3
    silent_after: int = 15 * MINUTE
    nearly_full: float = 5
    full: float = 1
    error_memory: int = HOUR
    suspended: Literal["Normal", "Warning", "Error"] = "Normal"

    def late(self, period: int) -> int:
        """Returns how long after a report a device of this period is late, in ms."""
        return max(self.late_reports * period, self.late_after)

    def silent(self, period: int) -> int:
        """Returns how long after a report a device of this period is silent, in ms."""
        return max(self.silent_reports * period, self.silent_after)


DEFAULTS = Limits()


class Reason(NamedTuple):
    """Why a health is not Normal.

    `date` is that of the last report if the device is silent, or of the error; `subject` the name of the storage or
    the error; `number` what is free of a storage, in percent.
    """

    code: ReasonCode
    date: int | None = None
    subject: str | None = None
    number: float | None = None


class Concern(NamedTuple):
    """Something that makes the health worse."""

    health: Health
    reason: Reason


class Outage(NamedTuple):
    """A time in which no server could hear a report, in ms."""

    began: int
    ended: int


class Verdict(NamedTuple):
    """A health with its reason, and when time alone may change them (ms); None for never."""

    health: Health
    due: int | None
    reason: Reason | None = None


NEVER_REPORTED = Verdict("Unknown", None, Reason("neverReported"))


def evaluate(
    *,
    now: int,
    reported: int | None,
    period: int,
    concerns: Iterable[Concern] = (),
    error: Reason | None = None,
    limits: Limits = DEFAULTS,
    outages: Sequence[Outage] = (),
) -> Verdict:
    """Evaluates the health of a device at `now`.

    `reported` is the date of its last report (ms), `period` is how often it should report (ms; 0 means the default),
    `error` is its last error, `concerns` are what counts until the next report. Outages come in their order.
    """
    if reported is None:
        return NEVER_REPORTED
    period = period or DEFAULT_PERIOD
    late = deadline(reported, limits.late(period), outages)
    silent = deadline(reported, limits.silent(period), outages)
    found = list(concerns)
    if now >= silent:
        found.insert(0, Concern("Error", Reason("silent", reported)))
    elif now >= late:
        found.insert(0, Concern("Warning", Reason("silent", reported)))
    forgotten = None if error is None or error.date is None else error.date + limits.error_memory
    if error is not None and forgotten is not None and now < forgotten:
        found.append(Concern("Warning", error))
    for health in ("Error", "Warning"):
        for concern in found:
            if concern.health == health:
                ends = forgotten if concern.reason is error else None
                dates = (silent,) if health == "Error" else (late, silent, ends)
                return Verdict(
                    health, min((date for date in dates if date and date > now), default=None), concern.reason
                )
    return Verdict("Normal", late)


def deadline(reported: int, time: int, outages: Sequence[Outage]) -> int:
    """Returns when a device has been silent for `time`, all in ms; outages come in their order."""
    due = reported + time
    for outage in outages:
        if reported < outage.ended and outage.began < due:
            due = max(due, outage.ended + time)
    return due


def evaluate_storages(storages: Sequence[StorageStatus] | None, limits: Limits = DEFAULTS) -> list[Concern]:
    """Returns the concerns about the storages of a status, in their order, those that cannot be written first."""
    concerns = (_evaluate_one(storage, limits) for storage in storages or () if storage.interface not in _IRRELEVANT)
    found = [concern for concern in concerns if concern is not None]
    return sorted(found, key=lambda concern: -1 if concern.reason.number is None else concern.reason.number)


def _evaluate_one(storage: StorageStatus, limits: Limits) -> Concern | None:
    name = storage.interface or "Unknown"
    if storage.access == "Read":  # beside an unknown word of newer firmware, the access is undecided
        return Concern("Error", Reason("storageReadOnly", subject=name))
    stats = storage.stats or {}
    total, free = stats.get("sizeTotal", 0), stats.get("sizeFree")
    if total <= 0 or free is None:
        return None
    share = 100 * free / total
    if share < limits.full:
        return Concern("Error", Reason("storageFull", subject=name, number=_rounded(share)))
    if share < limits.nearly_full:
        return Concern("Warning", Reason("storageNearlyFull", subject=name, number=_rounded(share)))
    return None


def _rounded(share: float) -> float:
    """Rounds a share down, so that it changes rarely: to whole percents, below one to tenths."""
    return max(share * 10 // 1 / 10 if share < 1 else share // 1, 0.0)


def evaluate_subscription(*, is_suspended: bool, limits: Limits) -> list[Concern]:
    """Returns the concern about a suspended subscription, if it counts."""
    if not is_suspended or limits.suspended == "Normal":
        return []
    return [Concern(limits.suspended, Reason("subscriptionSuspended"))]
