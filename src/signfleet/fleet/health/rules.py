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

#: Storages whose fill and access say nothing about a device's health: they are small, or read-only, by design.
_IRRELEVANT = {"Tmp", "Flash"}


class Verdict(NamedTuple):
    """A health, and the moment (ms) at which it has to be judged anew although nothing was reported; None: never."""

    health: Health
    due: int | None


def judge(*, now: int, reported: int | None, period: int, last_error: int | None, storage: Health) -> Verdict:
    """Judge a device at `now`.

    `reported` is when its last report came and `last_error` when its last error did (ms), `period` how often it is to
    report (ms; 0 counts as the default), `storage` what `judge_storage` made of its last status.
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


def judge_storage(storages: Sequence[StorageStatus] | None) -> Health:
    """Judge the storages of a status: Error, Warning or Normal."""
    verdicts = {_judge_one(storage) for storage in storages or () if storage.interface not in _IRRELEVANT}
    if "Error" in verdicts:
        return "Error"
    return "Warning" if "Warning" in verdicts else "Normal"


def _judge_one(storage: StorageStatus) -> Health:
    if storage.access == "Read":  # with a word of newer firmware beside it, nobody knows
        return "Error"
    stats = storage.stats or {}
    total, free = stats.get("sizeTotal", 0), stats.get("sizeFree")
    if total <= 0 or free is None:
        return "Normal"
    if free < FULL * total:
        return "Error"
    return "Warning" if free < NEARLY_FULL * total else "Normal"
