"""Commands to all devices that a filter matches: so many at once, spread over time, stopped after failures.

The commands of a batch are created in steps, and released when there is room. Nothing is released before all exist: a
server that ends in between leaves a batch that does nothing, until the caller repeats the request with its
Idempotency-Key, or the sweep cancels it.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from signfleet.fleet.changes.schemas import WantedCommand
from signfleet.fleet.commands import batch_store as queries
from signfleet.fleet.commands import store as command_queries
from signfleet.fleet.commands.batch_steps import (
    STEP,
    abandon,
    cancel_some,
    insert,
    release_some,
    set_progress,
    set_state,
)
from signfleet.fleet.commands.kinds import KINDS, Kind, kind_of
from signfleet.fleet.commands.queue import Order, enqueue
from signfleet.fleet.commands.repeats import Repeatable
from signfleet.fleet.commands.schemas import (
    BatchPreview,
    CommandBatch,
    CommandBatches,
    NewBatch,
    StateCounts,
)
from signfleet.fleet.commands.service import LONGEST_LIFE, Commands
from signfleet.fleet.devices.agent.store import COUNT_UNABLE, pattern_of
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.store import DEVICE_ID
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.errors import Conflict, Invalid, NotFound
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import MINUTE, SECOND
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session

EXAMPLES: Final = 10
#: After so long (ms), nobody repeats the request of an incomplete batch.
CREATION_TIME: Final = 10 * MINUTE


class Batches:
    """Creates, lists, advances and cancels batches. Methods raise `NotFound`, `Forbidden` and `Invalid`."""

    def __init__(self, store: Store, commands: Commands, permissions: Permissions) -> None:
        self._store = store
        self._commands = commands
        self._permissions = permissions
        self._listing = Listing(DEVICES)

    async def preview(self, session: Session, new: NewBatch) -> BatchPreview:
        """Returns how many devices a batch would reach, and some of them."""
        kind, _, ids = await self._read(session, new)
        rows = await self._store.all(command_queries.SERIALS, network_id=session.network, ids=ids[:EXAMPLES])
        these = {"network_id": session.network, "ids": ids, "pattern": pattern_of(kind.name)}
        (unable,) = await self._store.scan_all(COUNT_UNABLE, **these)
        return BatchPreview(len(ids), unable.devices, [DeviceReference(id=row.id, serial=row.serial) for row in rows])

    async def send(self, session: Session, new: NewBatch, key: str | None, now: int) -> tuple[CommandBatch, bool]:
        """Sends a command to all devices that match and to which the caller may send it; returns whether it is new."""
        kind, arguments, ids = await self._read(session, new)
        network_id = session.network
        request = None if key is None else Repeatable.of(key, new)

        async def begin(tx: Transaction) -> tuple[int, bool]:
            if request is not None and (known := await request.begin(tx, network_id, now)) is not None:
                return known, False
            batch_id = await insert(tx, network_id, new, now, kind=kind, arguments=arguments)
            if request is not None:
                await request.finish(tx, network_id, batch_id=batch_id)
            return batch_id, True

        batch_id, is_new = await self._store.write(begin)
        order = Order(kind, arguments, now + LONGEST_LIFE, None, batch_id)
        await self._create(network_id, order, ids, now)
        await self.advance(network_id, batch_id, now)
        return await self.get(session, batch_id), is_new

    async def read(self, session: Session, wanted: WantedCommand) -> tuple[Kind, str]:
        """Returns the command and its arguments, if the caller may send it to some device."""
        kind = kind_of(wanted.name)
        await self._permissions.require(session, kind.operation)
        arguments = kind.read(wanted.arguments)
        await self._commands.require_allowed(session.network, kind)
        return kind, arguments

    async def _read(self, session: Session, new: NewBatch) -> tuple[Kind, str, list[int]]:
        """Returns the command, its arguments, and the devices that match."""
        kind, arguments = await self.read(session, new)
        visible = await self._permissions.scope(session, VIEW_DEVICE, DEVICE_ID)
        sendable = await self._permissions.scope(session, kind.operation, DEVICE_ID)
        parsed = await self._listing.read_filter(self._store, session.network, new.filter, visible)
        if parsed is None:
            raise Invalid("'filter' is empty: it says to which devices to send the command.")
        return (
            kind,
            arguments,
            await self._listing.ids(self._store, session.network, filter=parsed, scope=visible & sendable),
        )

    async def _create(self, network_id: int, order: Order, ids: list[int], now: int) -> None:
        """Creates the commands of a batch that do not exist yet, in steps, and then opens it."""
        batch_id = order.batch_id
        assert batch_id is not None

        async def step(tx: Transaction) -> bool:
            batch = await tx.one(queries.LOCK, network_id=network_id, batch_id=batch_id)
            if batch is None or batch.state != "creating":
                return False
            some = [id_ for id_ in ids if id_ > batch.last_device_id][:STEP]
            done = await enqueue(tx, network_id, some, order, now) if some else None
            await set_progress(
                tx,
                network_id,
                batch_id,
                done,
                last=some[-1] if some else batch.last_device_id,
                state="creating" if some else "running",
            )
            return bool(some)

        while await self._store.write(step):
            pass

    async def advance(self, network_id: int, batch_id: int, now: int) -> None:
        """Releases as many commands of a batch as there is room for, and ends it when nothing is left to do."""

        async def step(tx: Transaction) -> bool:
            batch = await tx.one(queries.LOCK, network_id=network_id, batch_id=batch_id)
            if batch is None or batch.end_date is not None:
                return False
            if batch.state in ("stopped", "cancelled"):
                return await cancel_some(tx, batch, now)
            return batch.state == "running" and await release_some(tx, batch, now)

        while await self._store.write(step):
            pass

    async def sweep(self, now: int) -> None:
        """Advances all batches that have not ended, and cancels those whose creation was interrupted."""
        for row in await self._store.all(queries.OPEN):
            is_late = row.job_id is None and row.creation_date < now - CREATION_TIME
            if row.state == "creating" and (is_late or (row.job_id is not None and row.is_running == 0)):
                await self._store.write(partial(abandon, found=row, now=now))
            await self.advance(row.network_id, row.id, now)

    async def list_(self, session: Session, marker: str | None, size: int) -> CommandBatches:
        """Returns a page of the caller's batches and those whose command it may send everywhere, the newest first."""
        before = int(marker) if marker and marker.isascii() and marker.isdigit() else None
        if marker and before is None:
            raise Invalid(f"Query parameter 'marker': '{marker}' is none; send the 'nextMarker' of a page.")
        names = [kind.name for kind in KINDS.values() if await self._permissions.allows(session, kind.operation)]
        rows = await self._store.all(
            queries.PAGE,
            network_id=session.network,
            before=before or 2**62,
            names=names,
            caller=session.login or "",
            limit=size + 1,
        )
        items = [await self._entity(row) for row in rows[:size]]
        return CommandBatches(items=items, next_marker=str(items[-1].id) if len(rows) > size else None)

    async def get(self, session: Session, batch_id: int) -> CommandBatch:
        """Returns a batch with the number of its commands in each state."""
        return await self._entity(await self._visible(session, batch_id))

    async def _visible(self, session: Session, batch_id: int) -> queries.BatchRow:
        row = await self._store.one(queries.BATCH, network_id=session.network, batch_id=batch_id)
        is_own = row is not None and row.author == session.login
        if row is None or not (is_own or await self._permissions.allows(session, KINDS[row.name].operation)):
            raise NotFound.in_network("batch of commands", str(batch_id))
        return row

    async def cancel(self, session: Session, batch_id: int, now: int) -> None:
        """Ends a batch: what it has not released is cancelled. Raises `Conflict` for one that has ended."""
        await self._visible(session, batch_id)

        async def work(tx: Transaction) -> None:
            batch = await tx.one(queries.LOCK, network_id=session.network, batch_id=batch_id)
            if batch is None:
                raise NotFound.in_network("batch of commands", str(batch_id))
            if batch.state not in ("creating", "running"):
                raise Conflict(f"The batch is {batch.state} already.")
            await set_state(tx, batch, "cancelled", now)

        await self._store.write(work)
        await self.advance(session.network, batch_id, now)

    async def _entity(self, row: queries.BatchRow) -> CommandBatch:
        states = await self._store.scan_all(queries.STATES, network_id=row.network_id, batch_id=row.id)
        return CommandBatch(
            id=row.id,
            name=row.name,
            group=KINDS[row.name].group,
            arguments=KINDS[row.name].shown(row.arguments),
            filter=row.filter,
            created_by=row.author,
            creation_date=datetime.format(row.creation_date),
            at_once=row.at_once,
            stop_after=row.stop_after,
            jitter=row.jitter // SECOND,
            state=row.state,
            total=row.total,
            skipped=row.skipped,
            unable=row.unable,
            end_date=None if row.end_date is None else datetime.format(row.end_date),
            states=StateCounts(**{found.state: found.commands for found in states}),
        )
