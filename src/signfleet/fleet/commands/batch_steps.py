"""The steps of a batch of commands, each in a transaction of its caller: creates, releases, cancels and ends.

The commands of a batch are created without a release; a running batch releases as many as there is room for.
"""

from __future__ import annotations

from random import Random
from typing import Final

from signfleet.fleet.commands import batch_store as queries
from signfleet.fleet.commands import store as command_queries
from signfleet.fleet.commands.kinds import Kind
from signfleet.fleet.commands.outcomes import finish
from signfleet.fleet.commands.queue import Enqueued, offer
from signfleet.fleet.commands.schemas import BatchState, NewBatch
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.timespan import SECOND
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.actor import acting

#: How many commands one transaction creates, releases or cancels.
STEP: Final = 200


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
        await release_some(tx, batch, now)


async def release_some(tx: Transaction, batch: queries.BatchRow, now: int) -> bool:
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
        await set_state(tx, batch, "stopped", now)
        return True
    if not counts.unreleased:
        if not counts.unfinished:
            await set_state(tx, batch, "finished", now)
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


async def cancel_some(tx: Transaction, batch: queries.BatchRow, now: int) -> bool:
    """Cancels some of what a batch that ends has not released; returns whether there may be more."""
    rows = await tx.all(queries.LOCK_REST, network_id=batch.network_id, batch_id=batch.id, limit=STEP)
    await finish(tx, rows, "cancelled", now, message=f"its batch was {batch.state}")
    if len(rows) < STEP:
        these = {"in_network": batch.network_id, "this_id": batch.id}
        await tx.execute(queries.SET_STATE, **these, new_state=batch.state, new_end_date=now)
    return len(rows) == STEP


async def set_state(tx: Transaction, batch: queries.BatchRow, state: BatchState, now: int) -> None:
    """Finishes a batch, or begins to end it."""
    these = {"in_network": batch.network_id, "this_id": batch.id}
    await tx.execute(queries.SET_STATE, **these, new_state=state, new_end_date=now if state == "finished" else None)
    before, after = {"state": batch.state}, {"state": state}
    await record(tx, batch.network_id, AuditEntry("Update", "CommandBatch", batch.id, batch.name, before, after), now)


async def abandon(tx: Transaction, found: queries.BatchRow, now: int) -> None:
    """Cancels a batch whose creation was interrupted."""
    batch = await tx.one(queries.LOCK, network_id=found.network_id, batch_id=found.id)
    if batch is not None and batch.state == "creating":
        await set_state(tx, batch, "cancelled", now)
