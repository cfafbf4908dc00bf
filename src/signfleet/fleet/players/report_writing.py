"""Writes reports: those that come together in one transaction, with one statement that reads and one that writes."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from signfleet.fleet.commands.delivery.service import take
from signfleet.fleet.commands.schemas import PendingCommand
from signfleet.fleet.devices.agent.reporting import store_report
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.document import next_moment, reported_part, settings_etag, status_json
from signfleet.fleet.devices.metrics.reporting import store_metrics
from signfleet.fleet.devices.schemas import ReportedStatus
from signfleet.fleet.groups.store import GROUP_BY_NAME  # unlocked: renaming locks a group before its devices
from signfleet.fleet.health import inputs
from signfleet.fleet.health.changes import write_changes
from signfleet.fleet.health.rules import Reason, Verdict, evaluate
from signfleet.fleet.players import news
from signfleet.fleet.players import report_store as queries
from signfleet.fleet.players.events import Event, StoredEvents
from signfleet.fleet.players.items import Items
from signfleet.fleet.players.schemas import SEQUENCE_SPAN, LooseReport, Report
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.errors import Unauthenticated
from signfleet.foundation.storage.gathering import Gathering
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.notify.events import recording


class Arrived(NamedTuple):
    """A report of a device, as it was read."""

    network_id: int
    device_id: int
    report: Report | LooseReport
    status: ReportedStatus | None
    items: Items
    #: ms
    now: int


class Stored(NamedTuple):
    """What a report has come to: whether it is no repeat, how many rows it has inserted, and what its player gets."""

    is_taken: bool
    errors: int
    downloads: int
    sequence: int
    settings_etag: str
    #: ms
    period: int
    commands: list[PendingCommand]


class ReportWriter:
    """Writes reports. Raises `Unauthenticated` for a device that was deleted in the meantime."""

    def __init__(self, store: Store, subscriptions: Subscriptions, events: StoredEvents) -> None:
        self._store = store
        self._subscriptions = subscriptions
        self._events = events
        self._gathering = Gathering(store, self._write_together)

    async def write(self, arrived: Arrived) -> Stored:
        """Returns what the report has come to, once it is stored."""
        stored = await self._gathering.write(arrived.device_id, arrived)
        if stored is None:
            stored = await self._store.write(lambda tx: self._write_alone(tx, arrived))
        return stored

    async def _write_together(self, tx: Transaction, batch: list[Arrived]) -> list[Stored | None]:
        """Writes reports of different devices, but for the first one of a device and those whose devices are locked."""
        devices = [arrived.device_id for arrived in batch]
        rows = {row.id: row for row in await tx.all(queries.LOCK_REPORTING_DEVICES, ids=devices)}
        writes = _Writes()
        found = []
        for arrived in batch:
            row = rows.get(arrived.device_id)
            is_alone = row is None or row.network_id != arrived.network_id or row.report_sequence == 0
            found.append(None if row is None or is_alone else await self._take(tx, row, arrived, writes))
        await writes.run(tx)
        return found

    async def _write_alone(self, tx: Transaction, arrived: Arrived) -> Stored:
        network_id, device_id, now = arrived.network_id, arrived.device_id, arrived.now
        row = await tx.one(queries.LOCK_REPORTING_DEVICE, network_id=network_id, device_id=device_id)
        if row is None:
            raise gone()
        if row.report_sequence == 0 and is_newer(arrived.report.sequence, 0):
            await self._subscriptions.on_first_report(tx, network_id, device_id, row.serial, now)
        writes = _Writes()
        stored = await self._take(tx, row, arrived, writes)
        await writes.run(tx)
        return stored

    async def _take(self, tx: Transaction, row: queries.ReportingDevice, arrived: Arrived, writes: _Writes) -> Stored:
        """Takes the report of a locked device, and adds the new row of its status to `writes`."""
        network_id, device_id, report, status, items, now = arrived
        keys = {"network_id": network_id, "device_id": device_id}
        waiting = await take(tx, network_id, device_id, now) if row.has_commands else []
        etag, period = settings_etag(row.settings), inputs.period(row.settings)
        if not is_newer(report.sequence, row.report_sequence):
            return Stored(False, 0, 0, row.report_sequence, etag, period, waiting)
        verdict = _verdict(row, status, items.errors, period, now)
        reported, properties = await _reported(tx, network_id, status, row.status)
        writes.add(
            properties,
            in_network=network_id,
            of_device=device_id,
            sequence=report.sequence,
            now=now,
            changed=next_moment(row, now),
            new_health_due_date=verdict.due,
            new_status=status_json(reported, verdict.health, now),
        )
        await write_changes(tx, [(row, verdict)], now)
        errors = await self._events.add_errors(tx, keys, items.errors)
        downloads = await self._events.add_downloads(tx, keys, items.downloads)
        if items.metrics:
            await store_metrics(tx, keys, items.metrics, now)
        happened = news.of_report(errors, downloads)
        if report.can is not None or report.applied is not None:
            happened += await store_report(tx, keys, report.can, report.applied, settings_etag=etag, now=now)
        if happened:
            events = [recording.Event(data, device_id, row.serial) for data in happened]
            await recording.record(tx, network_id, *events, now=now)
        return Stored(True, len(errors), len(downloads), report.sequence, etag, period, waiting)


class _Writes:
    """The rows of statuses to write, with the properties that filters read and without."""

    def __init__(self) -> None:
        self._with_properties: list[dict[str, Any]] = []
        self._without: list[dict[str, Any]] = []

    def add(self, properties: str | None, **row: Any) -> None:
        if properties is None:
            self._without.append(row)
        else:
            row["new_properties"] = properties
            self._with_properties.append(row)

    async def run(self, tx: Transaction) -> None:
        for query, rows in (
            (queries.STORE_STATUS, self._with_properties),
            (queries.STORE_REPORT, self._without),
        ):
            if rows:
                await tx.execute_many(query, rows)


def is_newer(sequence: int, stored: int) -> bool:
    """Returns whether a sequence number is above the stored one, or far below it.

    A player that once sent a number near the highest, by a broken clock, would otherwise have none left and never
    report again.
    """
    return sequence > stored or stored - sequence > SEQUENCE_SPAN // 2


def gone() -> Unauthenticated:
    """Returns the refusal of a player whose device is not there any more."""
    return Unauthenticated("This device was deleted; register again.")


async def _with_group_id(tx: Transaction, network_id: int, status: ReportedStatus) -> ReportedStatus:
    """Adds the id of the group that a status names: a player may know only the name."""
    named = status.group
    if named is None or named.id or not named.name:
        return status
    group = await tx.one(GROUP_BY_NAME, network_id=network_id, name_key=fold(named.name))
    if group is None:
        return status
    return msgspec.structs.replace(status, group=msgspec.structs.replace(named, id=group.id))


async def _reported(
    tx: Transaction, network_id: int, status: ReportedStatus | None, stored: str | None
) -> tuple[str, str | None]:
    """Returns the text of a status, by default the stored one, and as JSON what filters read of it if it is new."""
    present = None if stored is None else reported_part(stored)
    if status is None and present is not None:
        return present, None
    status = await _with_group_id(tx, network_id, status or ReportedStatus())
    text = encode(status).decode()[:-1]
    if text == present:
        return text, None
    properties = DEVICES.flatten({"status": msgspec.to_builtins(status)})
    return text, encode(properties).decode()


def _verdict(
    row: queries.ReportingDevice, status: ReportedStatus | None, errors: list[Event], period: int, now: int
) -> Verdict:
    """Evaluates the health of a device by this report and its stored errors and storages."""
    limits = inputs.read_limits(row.limits)
    last = inputs.last_error(row)
    for error in errors:
        if last is None or last.date is None or error["timestamp"] >= last.date:
            last = Reason("deviceError", error["timestamp"], error["name"])
    return evaluate(
        now=now,
        reported=now,
        period=period,
        concerns=inputs.concerns(row, limits, None if status is None else status.storage or []),
        error=last,
        limits=limits,
    )
