"""Stores each report exactly once and answers with what the player should do next."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import UNSET

from signfleet.fleet.commands.delivery.service import take
from signfleet.fleet.commands.schemas import PendingCommand
from signfleet.fleet.devices import managed
from signfleet.fleet.devices.agent.reporting import store_report
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.document import next_moment, reported_part, settings_etag, status_json
from signfleet.fleet.devices.metrics.reporting import store_metrics
from signfleet.fleet.devices.schemas import ReportedStatus
from signfleet.fleet.devices.store import PART, SETTINGS_TO_APPLY
from signfleet.fleet.groups.store import GROUP_BY_NAME  # unlocked: renaming locks a group before its devices
from signfleet.fleet.health import inputs
from signfleet.fleet.health.changes import write_changes
from signfleet.fleet.health.rules import Reason, Verdict, evaluate
from signfleet.fleet.players import news
from signfleet.fleet.players import store as queries
from signfleet.fleet.players.events import Event, StoredEvents
from signfleet.fleet.players.items import read_items
from signfleet.fleet.players.rate_limit import player_rate_limit
from signfleet.fleet.players.schemas import SEQUENCE_SPAN, LooseReport, Report, ReportAnswer
from signfleet.fleet.players.status import read_status
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.errors import Unauthenticated
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.notify.events import recording

Item = TypeVar("Item")


def is_newer(sequence: int, stored: int) -> bool:
    """Returns whether a sequence number is above the stored one, or far below it.

    A player that once sent a number near the highest, by a broken clock, would otherwise have none left and never
    report again.
    """
    return sequence > stored or stored - sequence > SEQUENCE_SPAN // 2


class _Added(msgspec.Struct):
    """What a report has changed: whether it is no repeat, and the rows that it has inserted."""

    is_taken: bool = False
    errors: list[Event] = []
    downloads: list[Event] = []


class Reports:
    """Stores reports and returns settings. Raises `Unauthenticated` for a device that was deleted in the meantime."""

    def __init__(self, store: Store, subscriptions: Subscriptions, events: StoredEvents) -> None:
        self._store = store
        self._events = events
        self._subscriptions = subscriptions
        self._rate_limit = player_rate_limit()

    async def settings(self, network_id: int, device_id: int) -> str:
        """Returns the settings of a device as JSON."""
        row = await self._store.one(PART["settings"], network_id=network_id, device_id=device_id)
        if row is None:
            raise _gone()
        return str(row.part)

    async def settings_to_apply(self, network_id: int, device_id: int) -> tuple[str, str]:
        """Returns the settings of a device as JSON with the member `managed`, and their entity tag."""
        row = await self._store.one(SETTINGS_TO_APPLY, network_id=network_id, device_id=device_id)
        if row is None:
            raise _gone()
        parts = sorted(managed.read(row.managed, row.serial, msgspec.json.decode(row.settings)))
        return f'{row.settings[:-1]},"managed":{encode(parts).decode()}}}', settings_etag(row.settings)

    async def receive(self, network_id: int, device_id: int, report: Report | LooseReport, now: int) -> ReportAnswer:
        """Stores a report. A repeat, whose sequence number is not newer than the stored one, changes nothing.

        Raises `Invalid` for a malformed status or date, and `Throttled` if the device reports too often.
        """
        self._rate_limit.check(device_id)
        status = None if report.status is None else read_status(report.status)
        items = read_items(report, now)
        keys = {"network_id": network_id, "device_id": device_id}
        added = _Added()
        waiting: list[PendingCommand] = []

        async def work(tx: Transaction) -> queries.ReportingDevice:
            row = await tx.one(queries.LOCK_REPORTING_DEVICE, **keys)
            if row is None:
                raise _gone()
            waiting[:] = await take(tx, network_id, device_id, now) if row.has_commands else []
            if not is_newer(report.sequence, row.report_sequence):
                return row
            added.is_taken = True
            if row.report_sequence == 0:
                await self._subscriptions.on_first_report(tx, network_id, device_id, row.serial, now)
            verdict = _verdict(row, status, items.errors, now)
            ours = {"in_network": network_id, "of_device": device_id}
            reported, properties = await _reported(tx, network_id, status, row.status)
            await tx.execute(
                queries.STORE_STATUS if properties else queries.STORE_REPORT,
                **ours,
                sequence=report.sequence,
                now=now,
                changed=next_moment(row, now),
                new_health_due_date=verdict.due,
                new_status=status_json(reported, verdict.health, now),
                **properties,
            )
            await write_changes(tx, [(row, verdict)], now)
            added.errors = await self._events.add_errors(tx, keys, items.errors)
            added.downloads = await self._events.add_downloads(tx, keys, items.downloads)
            if items.metrics:
                await store_metrics(tx, keys, items.metrics, now)
            happened = news.of_report(added.errors, added.downloads)
            if report.can is not None or report.applied is not None:
                etag = settings_etag(row.settings)
                happened += await store_report(tx, keys, report.can, report.applied, settings_etag=etag, now=now)
            events = [recording.Event(data, device_id, row.serial) for data in happened]
            await recording.record(tx, network_id, *events, now=now)
            return row

        with self._rate_limit.refunding(device_id):
            row = await self._store.write(work)
        self._events.errors.use(device_id, len(added.errors))
        self._events.downloads.use(device_id, len(added.downloads))
        return ReportAnswer(
            sequence=report.sequence if added.is_taken else row.report_sequence,
            duplicate=UNSET if added.is_taken else True,
            rejected=items.rejected or UNSET,
            settings_etag=f'"{settings_etag(row.settings)}"',
            next_report=max(inputs.period(row.settings) // timespan.SECOND, 1),
            commands=waiting or UNSET,
        )


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
) -> tuple[str, dict[str, str]]:
    """Returns the text of a status, by default the stored one, and the properties that filters read if it is new."""
    present = None if stored is None else reported_part(stored)
    if status is None and present is not None:
        return present, {}
    status = await _with_group_id(tx, network_id, status or ReportedStatus())
    text = encode(status).decode()[:-1]
    if text == present:
        return text, {}
    properties = DEVICES.flatten({"status": msgspec.to_builtins(status)})
    return text, {"new_properties": encode(properties).decode()}


def _verdict(row: queries.ReportingDevice, status: ReportedStatus | None, errors: list[Event], now: int) -> Verdict:
    """Evaluates the health of a device by this report and its stored errors and storages."""
    limits = inputs.read_limits(row.limits)
    last = inputs.last_error(row)
    for error in errors:
        if last is None or last.date is None or error["timestamp"] >= last.date:
            last = Reason("deviceError", error["timestamp"], error["name"])
    return evaluate(
        now=now,
        reported=now,
        period=inputs.period(row.settings),
        concerns=inputs.concerns(row, limits, None if status is None else status.storage or []),
        error=last,
        limits=limits,
    )


def _gone() -> Unauthenticated:
    return Unauthenticated("This device was deleted; register again.")
