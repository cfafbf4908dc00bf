"""Stores each report exactly once and answers with what the player should do next."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from signfleet.fleet.devices import managed
from signfleet.fleet.devices.document import settings_etag
from signfleet.fleet.devices.store import PART, SETTINGS_TO_APPLY
from signfleet.fleet.players.events import StoredEvents
from signfleet.fleet.players.items import read_items
from signfleet.fleet.players.rate_limit import player_rate_limit
from signfleet.fleet.players.report_writing import Arrived, ReportWriter, gone
from signfleet.fleet.players.schemas import LooseReport, Report, ReportAnswer
from signfleet.fleet.players.status import read_status
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.json import encode


class Reports:
    """Stores reports and returns settings. Raises `Unauthenticated` for a device that was deleted in the meantime."""

    def __init__(self, store: Store, subscriptions: Subscriptions, events: StoredEvents) -> None:
        self._store = store
        self._events = events
        self._writing = ReportWriter(store, subscriptions, events)
        self._rate_limit = player_rate_limit()

    async def settings(self, network_id: int, device_id: int) -> str:
        """Returns the settings of a device as JSON."""
        row = await self._store.one(PART["settings"], network_id=network_id, device_id=device_id)
        if row is None:
            raise gone()
        return str(row.part)

    async def settings_to_apply(self, network_id: int, device_id: int) -> tuple[str, str]:
        """Returns the settings of a device as JSON with the member `managed`, and their entity tag."""
        row = await self._store.one(SETTINGS_TO_APPLY, network_id=network_id, device_id=device_id)
        if row is None:
            raise gone()
        parts = sorted(managed.read(row.managed, row.serial, msgspec.json.decode(row.settings)))
        return f'{row.settings[:-1]},"managed":{encode(parts).decode()}}}', settings_etag(row.settings)

    async def receive(self, network_id: int, device_id: int, report: Report | LooseReport, now: int) -> ReportAnswer:
        """Stores a report. A repeat, whose sequence number is not newer than the stored one, changes nothing.

        Raises `Invalid` for a malformed status or date, and `Throttled` if the device reports too often.
        """
        self._rate_limit.check(device_id)
        status = None if report.status is None else read_status(report.status)
        items = read_items(report, now)
        with self._rate_limit.refunding(device_id):
            stored = await self._writing.write(Arrived(network_id, device_id, report, status, items, now))
        self._events.errors.use(device_id, stored.errors)
        self._events.downloads.use(device_id, stored.downloads)
        return ReportAnswer(
            sequence=stored.sequence,
            duplicate=UNSET if stored.is_taken else True,
            rejected=items.rejected or UNSET,
            settings_etag=f'"{stored.settings_etag}"',
            next_report=max(stored.period // timespan.SECOND, 1),
            commands=stored.commands or UNSET,
        )
