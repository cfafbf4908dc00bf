"""Stores errors and downloads: counts repeats, bounds floods, and deletes the oldest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from signfleet.fleet.players import store as queries
from signfleet.foundation.clock import monotonic
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.timespan import MINUTE

#: An error or a download as a row, without its keys.
Event = dict[str, Any]

#: A device that has used up its allowance gets one more row in this many seconds.
SECONDS_PER_ERROR: Final = 10
SECONDS_PER_DOWNLOAD: Final = 1
#: A table has at most this many devices; the next one evicts those that have their whole allowance.
DEVICES_LIMIT: Final = 100_000
#: A new error is compared with at most this many stored ones, the newest.
RECENT: Final = 200


class Allowance:
    """Limits how many rows a device adds: `burst` at once, then one every `seconds`.

    The burst is as many rows as a device may have: more would only evict what the same device has just sent. Each
    process has a table of its own.
    """

    def __init__(self, burst: int, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._burst = burst * seconds
        self._seconds = seconds
        self._clock = clock
        self._through: dict[int, float] = {}

    def left(self, device_id: int) -> int:
        """Returns how many rows the device may add now."""
        now = self._clock()
        used = max(self._through.get(device_id, now), now) - now
        return int((self._burst - used) / self._seconds + 1e-6)

    def use(self, device_id: int, rows: int) -> None:
        """Counts rows that the device has added."""
        now = self._clock()
        if len(self._through) >= DEVICES_LIMIT:
            self._through = {id_: moment for id_, moment in self._through.items() if moment > now}
        self._through[device_id] = max(self._through.get(device_id, now), now) + rows * self._seconds


class StoredEvents:
    """Stores the errors and downloads of a report inside its transaction."""

    def __init__(self, settings: Settings) -> None:
        self._most_errors = settings.errors_per_device
        self._most_downloads = settings.downloads_per_device
        self.errors = Allowance(self._most_errors, SECONDS_PER_ERROR)
        self.downloads = Allowance(self._most_downloads, SECONDS_PER_DOWNLOAD)

    async def add_errors(self, tx: Transaction, keys: dict[str, int], errors: list[Event]) -> list[Event]:
        """Stores errors of a device, counts those that repeat a stored one, and returns the rows that it added."""
        if not errors:
            return []
        moments = [error["timestamp"] for error in errors]
        between = {"earliest": min(moments) - MINUTE, "latest": max(moments) + MINUTE, "limit": RECENT}
        recent = await tx.all(queries.RECENT_ERRORS, **keys, **between)
        new, counts = fold_errors(errors, recent, self.errors.left(keys["device_id"]))
        ours = {"in_network": keys["network_id"], "of_device": keys["device_id"]}
        if counts:
            rows = [{**ours, "this_id": id_, "more": more} for id_, more in counts.items()]
            await tx.execute_many(queries.COUNT_ERROR, rows)
        if new:
            ids = await tx.next_ids("device_error", len(new))
            rows = [{**keys, "id": id_, **error} for id_, error in zip(ids, new, strict=True)]
            await tx.execute_many(queries.INSERT_ERROR, rows)
            await tx.execute(queries.DELETE_SURPLUS_ERRORS, **keys, most=self._most_errors)
        return new

    async def add_downloads(self, tx: Transaction, keys: dict[str, int], downloads: list[Event]) -> list[Event]:
        """Stores downloads of a device, the last of them if it may not add all, and returns the rows it added."""
        left = self.downloads.left(keys["device_id"])
        new = downloads[-left:] if left else []
        if new:
            ids = await tx.next_ids("device_download", len(new))
            rows = [{**keys, "id": id_, **download} for id_, download in zip(ids, new, strict=True)]
            await tx.execute_many(queries.INSERT_DOWNLOAD, rows)
            await tx.execute(queries.DELETE_SURPLUS_DOWNLOADS, **keys, most=self._most_downloads)
        return new


def fold_errors(
    errors: list[Event], recent: list[queries.RecentError], left: int
) -> tuple[list[Event], dict[int, int]]:
    """Returns the errors to insert, with their counts, and what to add to the counts of stored ones, by id.

    Errors of the same name, event, reason and response code within a minute are one, with the date of the first. After
    `left` new rows an error only adds to the count of one that has its name; without such a one it is dropped.
    """
    new: list[Event] = []
    counts: dict[int, int] = {}
    alike: dict[tuple[Any, ...], list[tuple[int, Event | int]]] = {}
    of_name: dict[str, Event | int] = {}
    for row in reversed(recent):
        key = (row.name, row.event, row.reason, row.response_code)
        alike.setdefault(key, []).append((row.timestamp, row.id))
        of_name[row.name] = row.id
    for error in errors:
        key = (error["name"], error["event"], error["reason"], error["response_code"])
        same = alike.setdefault(key, [])
        found = next((it for moment, it in same if abs(error["timestamp"] - moment) < MINUTE), None)
        if found is None and len(new) >= left:
            found = of_name.get(error["name"])
            if found is None:
                continue
        if isinstance(found, int):
            counts[found] = counts.get(found, 0) + 1
        elif found is not None:
            found["count"] += 1
        else:
            first = error | {"count": 1}
            new.append(first)
            same.append((error["timestamp"], first))
            of_name[error["name"]] = first
    return new, counts
