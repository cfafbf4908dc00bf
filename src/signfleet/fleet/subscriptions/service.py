"""Assigns subscriptions to devices as devices register, report and are deleted, and as time passes.

`unlimited`: every device gets a Commercial subscription without end when it registers. A background job gives one to
devices without a subscription, which registered while subscriptions were managed.
`managed`: a device gets a Grace when it registers for the first time ever, and a subscription of the network's stock
with its first report. The subscription of a deleted device goes back to the stock, and on to the next waiting device.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Literal, NamedTuple

import structlog

from signfleet.fleet.subscriptions import lifecycle
from signfleet.fleet.subscriptions import store as queries
from signfleet.fleet.subscriptions.catalogue import SUBSCRIPTIONS
from signfleet.fleet.subscriptions.records import (
    ENTITY,
    Record,
    as_entity,
    delete,
    from_row,
    insert,
    release,
    stored_entity,
    update,
)
from signfleet.fleet.subscriptions.schemas import DeviceReference, Status, Type
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_SUBSCRIPTION
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record, record_all
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page

log = structlog.get_logger("subscriptions")

Mode = Literal["unlimited", "managed"]

#: The highest count of subscriptions that one call adds.
ADDED_LIMIT = 10_000


class StatusChange(NamedTuple):
    """A change of status by time alone; `status` is None for a subscription that has expired.

    With the same status before and after, only the expiration was announced.
    """

    subscription: Record
    before: Status
    status: Status | None


def _event(about: Record, data: kinds.EventData) -> recording.Event:
    device = about.device
    return recording.Event(data, *((device.id, device.serial) if device is not None else (None, None)))


def _events_of(change: StatusChange, was_due: int | None, now: int) -> list[recording.Event]:
    """Returns the events of a change of a subscription that the sweep was to look at from `was_due` on."""
    about, found = change.subscription, []
    life = about.life
    if change.status != change.before:
        aged = kinds.SubscriptionAged(subscription_id=about.id, from_=change.before, to=change.status)
        found.append(_event(about, aged))
    is_announced = was_due is not None and life.announced_at is not None and was_due <= life.announced_at <= now
    if is_announced and change.status is not None:
        expiration = datetime.format(life.expiration_date or 0)
        data = kinds.SubscriptionExpiring(type=life.type, subscription_id=about.id, expiration_date=expiration)
        found.append(_event(about, data))
    return found


def _audit_entry(row: queries.StoredSubscription, after: Record | None, now: int) -> AuditEntry:
    """Builds the audit entry for a subscription that changes from `row` to `after`; None for one that is deleted."""
    before, then = from_row(row), stored_entity(row)
    device = before.device or (after and after.device)
    name = device.serial if device else None
    device_id = device.id if device else None
    if after is None:
        return AuditEntry("Delete", ENTITY, before.id, name, then, device_id=device_id)
    return AuditEntry("Update", ENTITY, before.id, name, then, as_entity(after, now), device_id)


class Subscriptions:
    """The subscriptions of all networks. Other services call the `on_…` methods inside their transactions."""

    def __init__(self, store: Store, permissions: Permissions, mode: Mode) -> None:
        self._store = store
        self._permissions = permissions
        self._mode = mode
        self._all = Collection(store, SUBSCRIPTIONS, counter=self._total)

    # --- devices register, report and are deleted

    async def on_registration(self, tx: Transaction, network_id: int, device_id: int, serial: str, now: int) -> None:
        """Gives a device that is new in the network its subscription."""
        device = DeviceReference(id=device_id, serial=serial)
        if self._mode == "unlimited":
            await insert(tx, network_id, device, lifecycle.unlimited(now), now)
            return
        had_grace = await tx.one(queries.GRACE_OF, serial_key=fold(serial)) is not None
        life = lifecycle.grace(now, had_grace=had_grace)
        if life is not None:
            await tx.execute(queries.INSERT_GRACE, serial_key=fold(serial), date=now)
            given = await insert(tx, network_id, device, life, now)
            await record(
                tx,
                network_id,
                AuditEntry("Create", ENTITY, given.id, serial, None, as_entity(given, now), device_id),
                now,
            )
            created = kinds.SubscriptionCreated(type=life.type, subscription_id=given.id)
            await recording.record(tx, network_id, _event(given, created), now=now)

    async def on_first_report(self, tx: Transaction, network_id: int, device_id: int, serial: str, now: int) -> None:
        """Gives a device that reports for the first time a subscription of the stock, if there is one."""
        if self._mode == "managed":
            await self._assign(tx, network_id, DeviceReference(id=device_id, serial=serial), now)

    async def on_delete(self, tx: Transaction, network_id: int, device_ids: Iterable[int], now: int) -> None:
        """Returns the subscriptions of deleted devices to the stock, and passes them on to waiting devices."""
        rows = await tx.all(queries.SUBSCRIPTIONS_OF_DEVICES, network_id=network_id, device_ids=list(device_ids))
        ended, freed, changes = [], [], []
        for row in rows:
            left = from_row(row)
            life = lifecycle.released(left.life)
            if life is None or (self._mode == "unlimited" and life.expiration_date is None):
                ended.append(left.id)
                if life is None:
                    changes.append(_audit_entry(row, None, now))
            else:
                freed.append(replace(left, device=None, life=life))
                changes.append(_audit_entry(row, freed[-1], now))
        waiting = await self._lock_waiting(tx, network_id, len(freed)) if freed else []
        await release(tx, network_id, ended, freed, now)
        await record_all(tx, network_id, changes, now)
        taken = await self._assign_all(tx, network_id, waiting, now)
        await self._record_queued(tx, network_id, [each for each in freed if each.id not in taken], now)

    async def _record_queued(self, tx: Transaction, network_id: int, queued: list[Record], now: int) -> None:
        """Records subscriptions that came to the stock and that no device takes now."""
        events = [
            _event(each, kinds.SubscriptionQueued(type=each.life.type, subscription_id=each.id)) for each in queued
        ]
        await recording.record(tx, network_id, *events, now=now)

    async def _assign(self, tx: Transaction, network_id: int, device: DeviceReference, now: int) -> int | None:
        """Replaces the subscription of a device by one of the stock; returns its id, None if the stock is empty."""
        stock = await tx.one(queries.STOCK, network_id=network_id)
        if stock is None:
            return None
        changes = []
        for row in await tx.all(queries.SUBSCRIPTIONS_OF_DEVICE, network_id=network_id, device_id=device.id):
            await delete(tx, from_row(row), now)
            changes.append(_audit_entry(row, None, now))
        free = from_row(stock)
        taken = replace(free, device=device, life=lifecycle.activated(free.life, now))
        await update(tx, taken, now)
        await record_all(tx, network_id, [*changes, _audit_entry(stock, taken, now)], now)
        return free.id

    async def _lock_waiting(self, tx: Transaction, network_id: int, count: int) -> list[DeviceReference]:
        """Locks up to `count` devices that wait for a subscription, the oldest first, until the transaction ends.

        A device waits if it has reported and has no subscription, only a Grace, or a suspended one. Locking takes time
        in which other transactions may change who waits, so the query repeats until it finds only locked devices.
        """
        locked: set[int] = set()
        while True:
            rows = await tx.all(queries.WAITING, network_id=network_id, limit=count)
            free = [row.id for row in rows if row.id not in locked]
            if not free:
                return [DeviceReference(id=row.id, serial=row.serial) for row in rows]
            await tx.all(queries.LOCK_DEVICES, network_id=network_id, ids=free)
            locked.update(free)

    async def _assign_all(self, tx: Transaction, network_id: int, waiting: list[DeviceReference], now: int) -> set[int]:
        """Assigns the stock to waiting devices, in their order, until it is empty; returns the ids of what it gave."""
        taken: set[int] = set()
        for device in waiting:
            id_ = await self._assign(tx, network_id, device, now)
            if id_ is None:
                break
            taken.add(id_)
        return taken

    # --- time passes

    async def sweep(self, now: int) -> list[StatusChange]:
        """Updates every subscription that is due: suspends, deletes and replaces them, and announces expirations.

        Any number of processes may do this at once.
        """
        changes: list[StatusChange] = []
        while True:
            batch = await self._store.write(lambda tx: self._sweep_batch(tx, now))
            changes += batch
            if len(batch) < queries.BATCH:
                return changes

    async def _sweep_batch(self, tx: Transaction, now: int) -> list[StatusChange]:
        due = sorted(await tx.all(queries.DUE, now=now), key=lambda row: row.network_id)
        changes = []
        for network_id, rows in groupby(due, key=lambda row: row.network_id):
            changes += await self._sweep_network(tx, network_id, list(rows), now)
        return changes

    async def _sweep_network(
        self, tx: Transaction, network_id: int, due: list[queries.DueSubscription], now: int
    ) -> list[StatusChange]:
        """Updates those of one network. Skips devices that another transaction has locked until the next sweep."""
        devices = [row.device_id for row in due if row.device_id is not None]
        locked = [row.id for row in await tx.all(queries.LOCK_FREE_DEVICES, network_id=network_id, ids=devices)]
        ids = [row.id for row in due]
        changes: list[StatusChange] = []
        events: list[recording.Event] = []
        for row in await tx.all(queries.DUE_AMONG, network_id=network_id, ids=ids, device_ids=locked, now=now):
            current = from_row(row)
            phase = lifecycle.status(current.life, now)
            changes.append(StatusChange(current, row.status, phase))
            events += _events_of(changes[-1], row.due_date, now)
            if phase == row.status:
                following = lifecycle.due(current.life, now)
                await tx.execute(queries.SET_DUE, in_network=network_id, this_id=current.id, next_date=following)
                continue
            await record(tx, network_id, _audit_entry(row, None if phase is None else current, now), now)
            if phase is None:
                await delete(tx, current, now)
                if current.device is not None:
                    await self._replace_expired(tx, network_id, current.device, now)
            else:
                await update(tx, current, now)
        await recording.record(tx, network_id, *events, now=now)
        return changes

    async def _replace_expired(self, tx: Transaction, network_id: int, device: DeviceReference, now: int) -> None:
        """Gives a device whose subscription has expired another one, if there is one."""
        if self._mode == "managed":
            await self._assign(tx, network_id, device, now)
        else:
            await insert(tx, network_id, device, lifecycle.unlimited(now), now)

    async def add_missing(self, now: int) -> int:
        """Gives every device without a subscription one without end and returns how many; does nothing when managed.

        If counters say that there are any, it reads all devices in windows with pauses, so that requests never wait for
        a whole fleet, and writes a few per transaction. Any number of processes may do this at once.
        """
        given, network_id, device_id = 0, 0, 0
        if self._mode != "unlimited" or await self._store.one(queries.ANY_WITHOUT, entity=ENTITY) is None:
            return 0
        while window := await self._store.all(
            queries.DEVICES_AND_SUBSCRIPTIONS,
            after_network_id=network_id,
            after_device_id=device_id,
            limit=queries.WINDOW,
        ):
            network_id, device_id = window[-1].network_id, window[-1].id
            without = [row for row in window if row.subscription_id is None]
            for network, rows in groupby(without, key=lambda row: row.network_id):
                ids = [row.id for row in rows]
                for start in range(0, len(ids), queries.INSERTED_AT_ONCE):
                    some = ids[start : start + queries.INSERTED_AT_ONCE]
                    given += await self._store.write(partial(self._add_missing, network_id=network, ids=some, now=now))
            await asyncio.sleep(queries.PAUSE)
        if given:
            log.info("added subscriptions without end to devices that had none", devices=given)
        return given

    async def _add_missing(self, tx: Transaction, *, network_id: int, ids: list[int], now: int) -> int:
        """Locks the devices `ids` and gives those that still exist and have no subscription one without end."""
        await tx.all(queries.LOCK_DEVICES, network_id=network_id, ids=ids)
        rows = await tx.all(queries.DEVICES_WITHOUT, network_id=network_id, ids=ids)
        for row in rows:
            device = DeviceReference(id=row.id, serial=row.serial)
            await insert(tx, network_id, device, lifecycle.unlimited(now), now)
        return len(rows)

    async def add(self, network_id: int, type_: Type, activity_period: int, count: int, now: int) -> list[int]:
        """Adds subscriptions to a network's stock, assigns them to waiting devices, and returns their ids.

        `activity_period` is in ms. Raises `Invalid` for a count out of range, a Grace, or too many Demos.
        """
        if not 1 <= count <= ADDED_LIMIT:
            raise Invalid(f"'count': add from 1 to {ADDED_LIMIT} subscriptions at once.")
        if type_ == "Grace":
            raise Invalid("'type': a Grace cannot be added; every new player gets one automatically.")
        if activity_period <= 0:
            raise Invalid("'activityPeriod' has to be longer than zero.")

        async def work(tx: Transaction) -> list[int]:
            waiting = await self._lock_waiting(tx, network_id, count)
            await counters.add(tx, network_id, ENTITY, 0)  # locks the counter: adding to one network is serial
            if type_ == "Demo":
                present = len(await tx.all(queries.DEMOS, network_id=network_id))
                if present + count > lifecycle.DEMO_LIMIT:
                    raise Invalid(f"'count': a network may have {lifecycle.DEMO_LIMIT} Demos, and has {present}.")
            life = lifecycle.stocked(type_, activity_period, now)
            added = [await insert(tx, network_id, None, life, now) for _ in range(count)]
            ids = [each.id for each in added]
            after = {"type": type_, "activityPeriod": timespan.format(activity_period)}
            changes = [AuditEntry("Create", "Subscription", id_, None, None, after) for id_ in ids]
            await record_all(tx, network_id, changes, now)
            created = [_event(each, kinds.SubscriptionCreated(type=type_, subscription_id=each.id)) for each in added]
            await recording.record(tx, network_id, *created, now=now)
            taken = await self._assign_all(tx, network_id, waiting, now)
            await self._record_queued(tx, network_id, [each for each in added if each.id not in taken], now)
            return ids

        return await self._store.write(work)

    # --- clients read

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Lists a page of the subscriptions that the caller may see."""
        found = await self._all.find(session.network, query, await self._scope(session))
        rows = await self._store.all(queries.SUBSCRIPTIONS_AMONG, network_id=session.network, ids=found.ids)
        known = {row.id: encode(stored_entity(row)) for row in rows}
        return found.page([known[id_] for id_ in found.ids if id_ in known])

    async def count(self, session: Session, filter_: str | None) -> int:
        """Counts the matching subscriptions that the caller may see."""
        return await self._all.count(session.network, filter_, await self._scope(session))

    async def _scope(self, session: Session) -> Scope:
        """Returns the scope of the caller. It hides subscriptions of hidden devices, which would reveal the devices."""
        devices = await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
        subscriptions = await self._permissions.scope(session, VIEW_SUBSCRIPTION, queries.SUBSCRIPTION_ID)
        return subscriptions & devices.or_where(queries.IN_STOCK)

    async def _total(self, network_id: int) -> int:
        row = await self._store.one(counters.TOTAL, network_id=network_id, entity=ENTITY)
        return row.total if row else 0
