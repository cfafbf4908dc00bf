"""Which device has which subscription, as devices come, report and go, and as time passes.

`unlimited`: every device gets a Commercial subscription without end when it registers. Those that have none, because
they registered when subscriptions were managed, get theirs in the background.
`managed`: a device gets its Grace when it registers for the first time ever, and one of the network's stock when it
reports for the first time; what it leaves behind goes back to the stock, and on to the next that waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Literal, NamedTuple

import structlog

from signfleet.fleet.subscriptions import lifecycle
from signfleet.fleet.subscriptions import store as queries
from signfleet.fleet.subscriptions.catalogue import SUBSCRIPTIONS
from signfleet.fleet.subscriptions.records import ENTITY, Kept, delete, entity, insert, kept, release, told, update
from signfleet.fleet.subscriptions.schemas import DeviceReference, Status, Type
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_SUBSCRIPTION
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record, record_all
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page

log = structlog.get_logger("subscriptions")

Mode = Literal["unlimited", "managed"]

#: So many subscriptions can be added at once.
ADDED_LIMIT = 10_000


class Aged(NamedTuple):
    """What time has done to a subscription; `status` is None when it expired."""

    subscription: Kept
    before: Status
    status: Status | None


def _change(row: Row, after: Kept | None, now: int) -> AuditEntry:
    """What the audit trail tells of a subscription that was as in a row of `subscription`; None: that is gone."""
    before = kept(row)
    then = entity(before, row.status, row.last_modified_date)
    device = before.device or (after and after.device)
    name = device.serial if device else None
    device_id = device.id if device else None
    if after is None:
        return AuditEntry("Delete", ENTITY, before.id, name, then, device_id=device_id)
    return AuditEntry("Update", ENTITY, before.id, name, then, told(after, now), device_id)


class Subscriptions:
    """The subscriptions of all networks. The `on_…` methods are called inside other services' units of work."""

    def __init__(self, store: Store, permissions: Permissions, mode: Mode) -> None:
        self._store = store
        self._permissions = permissions
        self._mode = mode
        self._all = Collection(store, SUBSCRIPTIONS, known=self._total)

    # --- as devices come and go

    async def on_registration(self, tx: Transaction, network_id: int, device_id: int, serial: str, now: int) -> None:
        """A device has registered that was not in the network before."""
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
                tx, network_id, AuditEntry("Create", ENTITY, given.id, serial, None, told(given, now), device_id), now
            )

    async def on_first_report(self, tx: Transaction, network_id: int, device_id: int, serial: str, now: int) -> None:
        """A device has reported for the first time: it takes one of the stock, if there is any."""
        if self._mode == "managed":
            await self._assign(tx, network_id, DeviceReference(id=device_id, serial=serial), now)

    async def on_delete(self, tx: Transaction, network_id: int, device_ids: Iterable[int], now: int) -> None:
        """Devices were deleted: what they leave goes back to the stock and on to those that wait."""
        rows = await tx.all(queries.SUBSCRIPTIONS_OF_DEVICES, network_id=network_id, device_ids=list(device_ids))
        ended, freed, changes = [], [], []
        for row in rows:
            left = kept(row)
            life = lifecycle.released(left.life)
            if life is None or (self._mode == "unlimited" and life.expiration_date is None):
                ended.append(left.id)
                if life is None:
                    changes.append(_change(row, None, now))
            else:
                freed.append(replace(left, device=None, life=life))
                changes.append(_change(row, freed[-1], now))
        waiting = await self._waiting(tx, network_id, len(freed)) if freed else []
        await release(tx, network_id, ended, freed, now)
        await record_all(tx, network_id, changes, now)
        await self._serve(tx, network_id, waiting, now)

    async def _assign(self, tx: Transaction, network_id: int, device: DeviceReference, now: int) -> bool:
        """Give a device one of the stock in place of what it has; False if there is none."""
        stock = await tx.one(queries.STOCK, network_id=network_id)
        if stock is None:
            return False
        changes = []
        for row in await tx.all(queries.SUBSCRIPTIONS_OF_DEVICE, network_id=network_id, device_id=device.id):
            await delete(tx, kept(row), now)
            changes.append(_change(row, None, now))
        found = kept(stock)
        taken = replace(found, device=device, life=lifecycle.activated(found.life, now))
        await update(tx, taken, now)
        await record_all(tx, network_id, [*changes, _change(stock, taken, now)], now)
        return True

    async def _waiting(self, tx: Transaction, network_id: int, count: int) -> list[DeviceReference]:
        """Up to `count` devices that have nothing or only a Grace, the oldest first.

        Until the unit of work ends nobody else deletes them or gives them something.
        """
        held: set[int] = set()
        while True:
            rows = await tx.all(queries.WAITING, network_id=network_id, limit=count)
            free = [row.id for row in rows if row.id not in held]
            if not free:
                return [DeviceReference(id=row.id, serial=row.serial) for row in rows]
            await tx.all(queries.HOLD_DEVICES, network_id=network_id, ids=free)
            held.update(free)

    async def _serve(self, tx: Transaction, network_id: int, waiting: list[DeviceReference], now: int) -> None:
        """Give what is in stock to devices that wait for it."""
        for device in waiting:
            if not await self._assign(tx, network_id, device, now):
                return

    # --- as time passes

    async def sweep(self, now: int) -> list[Aged]:
        """Judge anew what is due: suspend, end, and hand on. Any number of processes may do this."""
        changes: list[Aged] = []
        while True:
            batch = await self._store.write(lambda tx: self._age(tx, now))
            changes += batch
            if len(batch) < queries.BATCH:
                return changes

    async def _age(self, tx: Transaction, now: int) -> list[Aged]:
        due = sorted(await tx.all(queries.DUE, now=now), key=lambda row: row.network_id)
        changes = []
        for network_id, rows in groupby(due, key=lambda row: row.network_id):
            changes += await self._age_in(tx, network_id, list(rows), now)
        return changes

    async def _age_in(self, tx: Transaction, network_id: int, due: list[Row], now: int) -> list[Aged]:
        """Those of one network. What somebody else is at work with is left to the next sweep."""
        devices = [row.device_id for row in due if row.device_id is not None]
        held = [row.id for row in await tx.all(queries.HOLD_FREE_DEVICES, network_id=network_id, ids=devices)]
        ids = [row.id for row in due]
        changes = []
        for row in await tx.all(queries.DUE_AMONG, network_id=network_id, ids=ids, device_ids=held, now=now):
            found = kept(row)
            phase = lifecycle.status(found.life, now)
            await record(tx, found.network_id, _change(row, None if phase is None else found, now), now)
            if phase is None:
                await delete(tx, found, now)
                if found.device is not None:
                    await self._replace_expired(tx, found.network_id, found.device, now)
            else:
                await update(tx, found, now)
            changes.append(Aged(found, row.status, phase))
        return changes

    async def _replace_expired(self, tx: Transaction, network_id: int, device: DeviceReference, now: int) -> None:
        """Gives a device whose subscription has expired the next one, if there is any."""
        if self._mode == "managed":
            await self._assign(tx, network_id, device, now)
        else:
            await insert(tx, network_id, device, lifecycle.unlimited(now), now)

    async def complete(self, now: int) -> int:
        """Gives the devices that have no subscription one without end, where nobody manages them; returns how many.

        Goes through all networks, a window of devices at a time and some of them in a transaction. Any number of
        processes may do this at once.
        """
        given, network_id, device_id = 0, 0, 0
        while self._mode == "unlimited":
            window = await self._store.all(
                queries.DEVICES_AND_SUBSCRIPTIONS,
                after_network_id=network_id,
                after_device_id=device_id,
                limit=queries.WINDOW,
            )
            if not window:
                break
            network_id, device_id = window[-1].network_id, window[-1].id
            without = [row for row in window if row.subscription_id is None]
            for network, rows in groupby(without, key=lambda row: row.network_id):
                ids = [row.id for row in rows]
                for start in range(0, len(ids), queries.GIVEN):
                    given += await self._store.write(
                        partial(self._complete, network_id=network, ids=ids[start : start + queries.GIVEN], now=now)
                    )
        if given:
            log.info("devices without a subscription have one without end now", devices=given)
        return given

    async def _complete(self, tx: Transaction, *, network_id: int, ids: list[int], now: int) -> int:
        """Those of `ids` that are devices and have none when they are locked."""
        await tx.all(queries.HOLD_DEVICES, network_id=network_id, ids=ids)
        rows = await tx.all(queries.DEVICES_WITHOUT, network_id=network_id, ids=ids)
        for row in rows:
            device = DeviceReference(id=row.id, serial=row.serial)
            await insert(tx, network_id, device, lifecycle.unlimited(now), now)
        return len(rows)

    async def add(self, network_id: int, type_: Type, activity_period: int, count: int, now: int) -> list[int]:
        """Put subscriptions into a network's stock, from where waiting devices get theirs at once; gives their ids.

        `activity_period` is in ms. Raises `Invalid` for a count out of range, a Grace, or too many Demos.
        """
        if not 1 <= count <= ADDED_LIMIT:
            raise Invalid(f"'count': from 1 to {ADDED_LIMIT} subscriptions can be added at once.")
        if type_ == "Grace":
            raise Invalid("'type': a Grace is given to every new player by itself.")
        if activity_period <= 0:
            raise Invalid("'activityPeriod' has to be longer than nothing.")

        async def work(tx: Transaction) -> list[int]:
            waiting = await self._waiting(tx, network_id, count)
            await counters.add(tx, network_id, ENTITY, 0)  # whoever else adds some waits from here on
            if type_ == "Demo":
                there = len(await tx.all(queries.DEMOS, network_id=network_id))
                if there + count > lifecycle.DEMO_LIMIT:
                    raise Invalid(f"'count': a network may have {lifecycle.DEMO_LIMIT} Demos; it has {there} already.")
            life = lifecycle.stocked(type_, activity_period, now)
            ids = [(await insert(tx, network_id, None, life, now)).id for _ in range(count)]
            after = {"type": type_, "activityPeriod": timespan.format(activity_period)}
            changes = [AuditEntry("Create", "Subscription", id_, None, None, after) for id_ in ids]
            await record_all(tx, network_id, changes, now)
            await self._serve(tx, network_id, waiting, now)
            return ids

        return await self._store.write(work)

    # --- as clients ask

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """A page of what the caller may see."""
        found = await self._all.find(session.network, query, await self._scope(session))
        rows = await self._store.all(queries.SUBSCRIPTIONS_AMONG, network_id=session.network, ids=found.ids)
        known = {row.id: encode(entity(kept(row), row.status, row.last_modified_date)) for row in rows}
        return found.page([known[id_] for id_ in found.ids if id_ in known])

    async def count(self, session: Session, filter_: str | None) -> int:
        """How many match of those that the caller may see."""
        return await self._all.count(session.network, filter_, await self._scope(session))

    async def _scope(self, session: Session) -> Scope:
        """What the caller may see; a subscription of a device that is hidden would tell of it."""
        devices = await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
        subscriptions = await self._permissions.scope(session, VIEW_SUBSCRIPTION, queries.SUBSCRIPTION_ID)
        return subscriptions & devices.or_where(queries.IN_STOCK)

    async def _total(self, network_id: int) -> int:
        row = await self._store.one(counters.TOTAL, network_id=network_id, entity=ENTITY)
        return row.total if row else 0
