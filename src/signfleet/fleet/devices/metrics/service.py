"""Reads the metrics of devices, and deletes their history after a while."""

from __future__ import annotations

from typing import Final, NamedTuple, cast, get_args

import msgspec

from signfleet.fleet.devices.metrics import store as queries
from signfleet.fleet.devices.metrics.history import MINUTES, QUARTERS, Chart, chart, present_slots
from signfleet.fleet.devices.metrics.names import NAME_FORM, PATTERN
from signfleet.fleet.devices.metrics.schemas import DeviceMetrics, MetricSeries, Range
from signfleet.fleet.devices.metrics.store import PresentMetrics
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE
from signfleet.web.caller.session import Session

#: How far back each range goes, in ms, and the minutes of its slots.
_RANGES: Final[dict[Range, tuple[int, int]]] = {
    "24h": (DAY, MINUTES),
    "7d": (7 * DAY, QUARTERS),
    "30d": (30 * DAY, QUARTERS),
}
#: How long slots are stored, in ms, by their minutes; an hour as a whole.
_STORED: Final = {MINUTES: DAY + HOUR, QUARTERS: 30 * DAY + HOUR}


_read_latest = msgspec.json.Decoder(dict[str, float]).decode


class LatestMetrics(NamedTuple):
    """The last values by name, and when they were measured (ms); None if never."""

    date: int | None
    values: dict[str, float]


class Metrics:
    """Shows the metrics of devices. A device that the caller may not see does not exist for the caller."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices

    async def get(self, session: Session, ref: str, range_: str | None, name: str | None, now: int) -> bytes:
        """Returns the metrics of a device, by id or serial, as JSON: all, or the history of one only.

        Raises `NotFound`, and `Invalid` for an unknown range or a name that no metric can have.
        """
        known = range_ or "24h"
        if known not in get_args(Range):
            raise Invalid(f"Query parameter 'range' is one of {', '.join(get_args(Range))}, not '{known}'.", "range")
        if name is not None and not PATTERN.fullmatch(name.lower()):
            raise Invalid(f"Query parameter 'name' has to have {NAME_FORM}.", "name")
        found = await self._devices.find(session, ref)
        length, step = _RANGES[cast(Range, known)]
        keys = {"network_id": session.network, "device_id": found.id}
        row = await self._store.one(queries.PRESENT, **keys)
        hours = [] if row is None else await self._hours(keys, row, step, now - length)
        one = None if name is None else name.lower()
        return await run_in_thread(_answer, row, hours, step, now - length, one)

    async def latest(self, session: Session, ref: str) -> LatestMetrics:
        """Returns what a device, by id or serial, has measured last. Raises `NotFound`."""
        found = await self._devices.find(session, ref)
        row = await self._store.one(queries.PRESENT, network_id=session.network, device_id=found.id)
        return LatestMetrics(None, {}) if row is None else LatestMetrics(row.date, _read_latest(row.latest))

    async def _hours(self, keys: dict[str, int], row: PresentMetrics, step: int, since: int) -> list[tuple[int, str]]:
        rows = await self._store.scan_all(queries.HOURS, **keys, step=step, first=since - since % HOUR)
        present = await run_in_thread(present_slots, row.slots, step)
        return [*((hour.hour, hour.slots) for hour in rows if hour.hour < row.hour), (row.hour, present)]


def _answer(row: PresentMetrics | None, hours: list[tuple[int, str]], step: int, since: int, name: str | None) -> bytes:
    found: Chart = chart(hours, since, name)
    return encode(
        DeviceMetrics(
            date=None if row is None else datetime.format(row.date),
            latest={} if row is None else _read_latest(row.latest),
            step=timespan.format(step * MINUTE),
            dates=[datetime.format(date) for date in found.dates],
            series=[
                MetricSeries(
                    name=each,
                    minimum=[None if point is None else point.least for point in points],
                    average=[None if point is None else point.average for point in points],
                    maximum=[None if point is None else point.most for point in points],
                )
                for each, points in found.points.items()
            ],
        )
    )


class MetricsRetention:
    """Deletes minutes after a day, and quarters after 30 days."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sweep(self, now: int) -> None:
        for step, length in _STORED.items():
            await self._delete(step, now - length)

    async def _delete(self, step: int, before: int) -> None:
        async def work(tx: Transaction) -> int:
            return await tx.execute(queries.DELETE_OLD_HOURS, step=step, before=before)

        while await self._store.write(work):
            pass
