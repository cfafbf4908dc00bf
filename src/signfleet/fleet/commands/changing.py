"""The action `command` of mass changes: a batch whose commands a job creates, device by device.

The batch opens in the last step of the job. Until then it does nothing; a job that ends early leaves a batch that the
sweep cancels. Once open, it is a batch like any other.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.fleet.changes.actions import Act, Outcome
from signfleet.fleet.commands import batch_store as queries
from signfleet.fleet.commands.batch_steps import insert, open_batch, set_progress
from signfleet.fleet.commands.batches import Batches
from signfleet.fleet.commands.kinds import Kind
from signfleet.fleet.commands.queue import Order, cannot, enqueue, full_queue
from signfleet.fleet.commands.schemas import NewBatch
from signfleet.fleet.commands.service import LONGEST_LIFE
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice
from signfleet.foundation.errors import Conflict
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.jobs.kinds import Run
from signfleet.web.caller.session import Session


class CommandAction:
    """Sends a command. An `Action` of `Changes`."""

    name: Final = "command"
    scope: Final = "bsn.api.main.devices.commands.create"

    def __init__(self, devices: Devices, batches: Batches) -> None:
        self._devices = devices
        self._batches = batches

    async def read(self, value: Any, session: Session, run: Run | None = None) -> Act:
        """Reads the command. A dry run has no job, and creates commands without a batch."""
        new = msgspec.convert({**value, "filter": run.input["filter"] if run else "-"}, NewBatch)
        kind, arguments = await self._batches.read(session, new)

        async def act(tx: Transaction, session: Session, found: FoundDevice, now: int) -> Outcome | None:
            batch = None if run is None else await _batch_of(tx, run, new, kind, arguments)
            await self._devices.lock(tx, session, found, kind.operation)
            order = Order(kind, arguments, now + LONGEST_LIFE, None, None if batch is None else batch.id)
            done = await enqueue(tx, session.network, [found.id], order, now)
            if done.unable:
                raise cannot(kind, done.unable[found.id])
            if done.full:
                raise full_queue()
            if batch is not None:
                await set_progress(tx, session.network, batch.id, done, last=found.id, state="creating")
            if not done.new:
                return None
            return Outcome({"/command": None}, {"/command": kind.name})

        return act

    async def finish(self, tx: Transaction, run: Run) -> dict[str, Any]:
        """Opens the batch; returns its id, or None if no device was left to send a command to."""
        batch = await tx.one(queries.LOCK_OF_JOB, network_id=run.network_id, of_job=run.id)
        if batch is not None:
            await open_batch(tx, run.network_id, batch.id, run.now)
        return {"batch": None if batch is None else batch.id}

    def undo(self, outcome: Outcome) -> None:
        """Returns None: what a player has done cannot be taken back."""


async def _batch_of(tx: Transaction, run: Run, new: NewBatch, kind: Kind, arguments: str) -> queries.BatchRow:
    """Locks the batch of a job until the transaction ends; inserts it for the first device."""
    these = {"network_id": run.network_id, "of_job": run.id}
    batch = await tx.one(queries.LOCK_OF_JOB, **these)
    if batch is None:
        await insert(tx, run.network_id, new, run.now, kind=kind, arguments=arguments, job_id=run.id)
        batch = await tx.one(queries.LOCK_OF_JOB, **these)
    assert batch is not None
    if batch.state != "creating":
        raise Conflict(f"Batch {batch.id} of the job is {batch.state}.")
    return batch
