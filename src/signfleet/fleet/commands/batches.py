"""Commands to all devices that a filter matches: so many at once, spread over time, stopped after failures.

The commands of a batch are created in steps, and released when there is room. Nothing is released before all exist: a
server that ends in between leaves a batch that does nothing, until the caller repeats the request with its
Idempotency-Key, or the sweep cancels it.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Final

from signfleet.fleet.changes.schemas import WantedCommand
from signfleet.fleet.commands import batch_store as queries
from signfleet.fleet.commands import store as command_queries
from signfleet.fleet.commands.kinds import KINDS, Kind, kind_of
from signfleet.fleet.commands.outcomes import finish
from signfleet.fleet.commands.queue import Enqueued, Order, enqueue, offer
from signfleet.fleet.commands.repeats import Repeatable
from signfleet.fleet.commands.schemas import (
    BatchPreview,
    BatchState,
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
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.actor import acting
from signfleet.web.caller.session import Session

#: How many commands one transaction creates, releases or cancels.
STEP: Final = 200
EXAMPLES: Final = 10
#: The states of a batch whose unreleased commands are being cancelled.
ENDING: Final = ("stopped", "cancelled")
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
            if batch.state in ENDING:
                return await _cancel_some(tx, batch, now)
            return batch.state == "running" and await _release_some(tx, batch, now)

        while await self._store.write(step):
            pass

    async def sweep(self, now: int) -> None:
        """Advances all batches that have not ended, and cancels those whose creation was interrupted."""
        for row in await self._store.all(queries.OPEN):
            is_late = row.job_id is None and row.creation_date < now - CREATION_TIME
            if row.state == "creating" and (is_late or (row.job_id is not None and row.is_running == 0)):
                await self._store.write(partial(_abandon, found=row, now=now))
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
            await _set_state(tx, batch, "cancelled", now)

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


async def insert(
    tx: Transaction,
    network_id: int,
    new: NewBatch,
    now: int,
    *,
    kind: Kind,
    arguments: str,
    job_id: int | None = None,
) -> int:
    """Inserts a batch without commands and returns its id; `job_id` is that of the job that creates them."""
    batch_id = await tx.next_id("command_batch")
    await tx.execute(
        queries.INSERT,
        network_id=network_id,
        id=batch_id,
        name=kind.name,
        arguments=arguments,
        filter=new.filter,
        author=acting().name,
        creation_date=now,
        lifetime=kind.lifetime if new.lifetime is None else new.lifetime * SECOND,
        at_once=new.at_once,
        stop_after=new.stop_after,
        jitter=new.jitter * SECOND,
        state="creating",
        **dict.fromkeys(("total", "skipped", "unable", "last_device_id"), 0),
        end_date=None,
        job_id=job_id,
    )
    document = {"name": kind.name, "filter": new.filter, "arguments": kind.shown(arguments)}
    await record(tx, network_id, AuditEntry("Create", "CommandBatch", batch_id, kind.name, None, document), now)
    return batch_id


async def set_progress(
    tx: Transaction, network_id: int, batch_id: int, done: Enqueued | None, *, last: int, state: BatchState
) -> None:
    """Counts the new commands of a batch, and the devices that got none."""
    await tx.execute(
        queries.SET_PROGRESS,
        in_network=network_id,
        this_id=batch_id,
        created=len(done.new) if done else 0,
        passed_over=len(done.pending) + len(done.full) if done else 0,
        left_out=len(done.unable) if done else 0,
        new_last=last,
        new_state=state,
    )


async def open_batch(tx: Transaction, network_id: int, batch_id: int, now: int) -> None:
    """Lets a batch whose commands all exist begin, in a transaction of its caller."""
    await set_progress(tx, network_id, batch_id, None, last=0, state="running")
    batch = await tx.one(queries.LOCK, network_id=network_id, batch_id=batch_id)
    if batch is not None:
        await _release_some(tx, batch, now)


async def _release_some(tx: Transaction, batch: queries.BatchRow, now: int) -> bool:
    """Takes the next step of a running batch; returns whether there may be another one."""
    counts = await tx.one(
        queries.PROGRESS,
        network_id=batch.network_id,
        batch_id=batch.id,
        one=1,
        most=batch.at_once or 1,
        failures_limit=batch.stop_after or 0,
    )
    assert counts is not None
    if counts.unreleased and batch.stop_after is not None and counts.failures >= batch.stop_after:
        await _set_state(tx, batch, "stopped", now)
        return True
    if not counts.unreleased:
        if not counts.unfinished:
            await _set_state(tx, batch, "finished", now)
        return False
    room = STEP if batch.at_once is None else min(STEP, batch.at_once - counts.unfinished)
    if room > 0:
        await _release(tx, batch, room, now)
    return room > 0


async def _release(tx: Transaction, batch: queries.BatchRow, count: int, now: int) -> None:
    """Releases the next commands of a batch, each at a moment of its own within the jitter."""
    rows = await tx.all(queries.NEXT, network_id=batch.network_id, batch_id=batch.id, limit=count)
    device_ids = [row.device_id for row in rows]
    await tx.all(command_queries.LOCK_DEVICES, network_id=batch.network_id, ids=device_ids)
    chance = Random()  # noqa: S311 - spreads load
    moments = [now + chance.randint(0, batch.jitter) for _ in rows]
    released = [
        {
            "in_network": batch.network_id,
            "this_id": row.id,
            "moment": moment,
            "expiration": moment + batch.lifetime,
        }
        for row, moment in zip(rows, moments, strict=True)
    ]
    await tx.execute_many(queries.RELEASE, released)
    await tx.next_id("command")  # for the wake-up
    await offer(tx, batch.network_id, device_ids)


async def _cancel_some(tx: Transaction, batch: queries.BatchRow, now: int) -> bool:
    """Cancels some of what a batch that ends has not released; returns whether there may be more."""
    rows = await tx.all(queries.LOCK_REST, network_id=batch.network_id, batch_id=batch.id, limit=STEP)
    await finish(tx, rows, "cancelled", now, message=f"its batch was {batch.state}")
    if len(rows) < STEP:
        these = {"in_network": batch.network_id, "this_id": batch.id}
        await tx.execute(queries.SET_STATE, **these, new_state=batch.state, new_end_date=now)
    return len(rows) == STEP


async def _set_state(tx: Transaction, batch: queries.BatchRow, state: BatchState, now: int) -> None:
    """Finishes a batch, or begins to end it."""
    these = {"in_network": batch.network_id, "this_id": batch.id}
    await tx.execute(queries.SET_STATE, **these, new_state=state, new_end_date=now if state == "finished" else None)
    before, after = {"state": batch.state}, {"state": state}
    await record(tx, batch.network_id, AuditEntry("Update", "CommandBatch", batch.id, batch.name, before, after), now)


async def _abandon(tx: Transaction, found: queries.BatchRow, now: int) -> None:
    """Cancels a batch whose creation was interrupted."""
    batch = await tx.one(queries.LOCK, network_id=found.network_id, batch_id=found.id)
    if batch is not None and batch.state == "creating":
        await _set_state(tx, batch, "cancelled", now)
