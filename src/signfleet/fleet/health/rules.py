"""The rules of health; `docs/health.md` has them in words.

| health | when |
| --- | --- |
| Unknown | the device has never reported |
| Error | no report for three periods, at least 15 minutes; or a storage is full or cannot be written |
| Warning | no report for two periods, at least 10 minutes; a storage is nearly full; or an error in the last hour |
| Normal | otherwise |

The period is the device's `settings.synchronization.status.period`; without one it is five minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from signfleet.fleet.devices.schemas import StorageStatus
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from signfleet.foundation.wire.types import Health

DEFAULT_PERIOD = 5 * MINUTE
ERROR_MEMORY = HOUR
NEARLY_FULL = 0.05
FULL = 0.01

_LATE, _LATE_AT_LEAST = 2, 10 * MINUTE
_SILENT, _SILENT_AT_LEAST = 3, 15 * MINUTE

#: Storages that do not affect the health: they are small or read-only by design.
_IRRELEVANT = {"Tmp", "Flash"}


class Verdict(NamedTuple):
    """A health, and when time alone may change it (ms); None for never."""

    health: Health
    due: int | None


def evaluate(*, now: int, reported: int | None, period: int, last_error: int | None, storage: Health) -> Verdict:
    """Evaluates the health of a device at `now`.

    `reported` and `last_error` are the dates of its last report and error (ms), `period` is how often it should report
    (ms; 0 means the default), `storage` is the result of `evaluate_storage` for its last status.
    """
    if reported is None:
        return Verdict("Unknown", None)
    period = period or DEFAULT_PERIOD
    late = reported + max(_LATE * period, _LATE_AT_LEAST)
    silent = reported + max(_SILENT * period, _SILENT_AT_LEAST)
    if now >= silent:
        return Verdict("Error", None)
    if storage == "Error":
        return Verdict("Error", silent)
    if now >= late:
        return Verdict("Warning", silent)
    concern = silent if storage == "Warning" else 0 if last_error is None else last_error + ERROR_MEMORY
    if now < concern:
        return Verdict("Warning", concern if concern < late else silent)
    return Verdict("Normal", late)


def evaluate_storage(storages: Sequence[StorageStatus] | None) -> Health:
    """Returns the worst health of the storages of a status: Error, Warning or Normal."""
    verdicts = {_evaluate_one(storage) for storage in storages or () if storage.interface not in _IRRELEVANT}
    if "Error" in verdicts:
        return "Error"
    return "Warning" if "Warning" in verdicts else "Normal"


def _evaluate_one(storage: StorageStatus) -> Health:
    if storage.access == "Read":  # beside an unknown word of newer firmware, the access is undecided
        return "Error"
    stats = storage.stats or {}
    total, free = stats.get("sizeTotal", 0), stats.get("sizeFree")
    if total <= 0 or free is None:
        return "Normal"
    if free < FULL * total:
        return "Error"
    return "Warning" if free < NEARLY_FULL * total else "Normal"
