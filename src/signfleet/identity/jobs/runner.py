"""Runs jobs step by step, and resumes those of processes that died. ADR 24 has the reasons.

A process works on a job as long as it has the lease, which each step renews in its own transaction. A job whose lease
has run out belongs to the next process that claims it. A step that finds another owner in the row changes nothing, so
that no step counts twice, even if a process was only slow.

    one step                         beside it
    next_step(run)                   reads what to work on, outside the transaction
    write: lock the job's row        another owner, or cancelled: stop
           run the step              at most `size` rows
           write position, counts, failures, lease
    sleep as long as the step took   other writers' turn
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from signfleet.foundation import clock, errors
from signfleet.foundation.errors import SignfleetError, Unavailable
from signfleet.foundation.storage.interface import StorageError, Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.timespan import DAY, SECOND
from signfleet.identity.jobs import store as queries
from signfleet.identity.jobs.kinds import STEP_ROWS, JobKind, NewJob, Run, Step
from signfleet.identity.jobs.queue import record_progress, request, session_of
from signfleet.identity.jobs.schemas import State
from signfleet.identity.jobs.store import JobRow
from signfleet.web.caller.actor import Actor, act_as

log = structlog.get_logger("jobs")

#: How long (ms) a process may be silent before another one takes its job over.
LEASE: Final = 5 * SECOND
#: How many jobs one process works on; their steps take turns.
JOBS_AT_ONCE: Final = 16
#: A job fails if so many claims in a row have led to no step.
ATTEMPTS: Final = 5
#: Seconds that a step should take: less, and the next one is larger; twice as much, and it is smaller.
AIM: Final = 0.02
FIRST_SIZE: Final = 50
#: Seconds between two looks at a job that another process runs.
LOOK_SECONDS: Final = 0.5


class JobRunner:
    """Runs and awaits jobs. `retention` is in days."""

    def __init__(self, store: Store, retention: int) -> None:
        self._store = store
        self._retention = retention
        self._kinds: dict[str, JobKind] = {}
        self._owner = secrets.token_hex(8)
        self._tasks: dict[tuple[int, int], asyncio.Task[None]] = {}
        #: One step of this process at a time, whatever its job.
        self._turn = asyncio.Lock()
        self._stopping = False
        self.wake = asyncio.Event()

    def register(self, *kinds: JobKind) -> None:
        """Adds kinds of jobs, by their names."""
        self._kinds |= {kind.name: kind for kind in kinds}

    async def submit(self, network_id: int, new: NewJob, now: int) -> int:
        """Adds a job that a person asks for, as `queue.request` does, and starts it; returns its id."""
        id_ = await self._store.write(lambda tx: request(tx, network_id, new, now))
        self.start(network_id, id_)
        return id_

    async def finish(self, network_id: int, id_: int) -> JobRow:
        """Runs a job, or waits for the process that does, and returns its row. Raises the error that ended it.

        If the caller leaves, the job goes on. Raises `Unavailable` if the server stops: another process, or this one
        when it starts again, resumes the job.
        """
        while True:
            row = await self._store.one(queries.JOB, network_id=network_id, id=id_)
            if row is None:
                raise Unavailable("The job has been deleted.")
            if row.error is not None:
                raise _error_of(row)
            if row.finished_date is not None:
                return row
            task = self.start(network_id, id_)
            if self._stopping:
                raise Unavailable(f"The server stops. Job {id_} goes on when it starts again.")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await (asyncio.sleep(LOOK_SECONDS) if task is None else asyncio.shield(task))

    def start(self, network_id: int, id_: int) -> asyncio.Task[None] | None:
        """Starts to work on a job, unless this process does already or stops; returns the task."""
        key = network_id, id_
        if key not in self._tasks and not self._stopping:
            task = self._tasks[key] = asyncio.create_task(self._run(network_id, id_), name=f"job {id_}")
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return self._tasks.get(key)

    async def sweep(self, now: int) -> None:
        """Starts jobs that no process works on."""
        room = JOBS_AT_ONCE - len(self._tasks)
        if room > 0:
            for row in await self._store.all(queries.DUE, now=now, limit=room):
                self.start(row.network_id, row.id)

    async def delete_old(self, now: int) -> None:
        """Deletes jobs that finished before the retention, with what they list."""
        before = now - self._retention * DAY
        for query in queries.DELETIONS:

            async def work(tx: Transaction, query: Query = query) -> int:
                return await tx.execute(query, before=before)

            while await self._store.write(work):
                pass

    async def stop(self) -> None:
        """Ends the work after the present step, and gives the jobs to other processes."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def _run(self, network_id: int, id_: int) -> None:
        """Claims a job and works on it until it ends, another process has it, or this one stops."""
        row: JobRow | None = None
        try:
            row = await self._store.write(lambda tx: self._claim(tx, network_id, id_))
            if row is None:
                return
            act_as(Actor(row.created_by, row.address))
            await self._work(row)
        except (StorageError, Unavailable):
            log.warning("a job waits for the store", job=id_, exc_info=True)
        except SignfleetError as error:
            await self._end(network_id, id_, "Failed", error)
        except Exception as error:
            log.exception("a job failed", job=id_)
            if row is not None and row.attempts + 1 >= ATTEMPTS:
                await self._end(network_id, id_, "Failed", error)
        finally:
            if self._stopping:
                with suppress(StorageError):
                    await self._store.write(
                        lambda tx: tx.execute(queries.RELEASE, in_network=network_id, this_id=id_, owner=self._owner)
                    )

    async def _claim(self, tx: Transaction, network_id: int, id_: int) -> JobRow | None:
        """Takes the lease of a job, or renews its own; None if another process has it or nothing is left to do."""
        row = await tx.one(queries.LOCK_JOB, network_id=network_id, id=id_)
        now = clock.now()
        if row is None or row.lease_until is None:
            return None
        if row.lease_owner not in (None, self._owner) and row.lease_until > now:
            return None
        await tx.execute(queries.CLAIM, in_network=network_id, this_id=id_, owner=self._owner, until=now + LEASE)
        return row

    async def _work(self, row: JobRow) -> None:
        kind = self._kinds[row.kind]
        stored = await self._store.one(queries.INPUT, network_id=row.network_id, id=row.id)
        given = None if stored is None else msgspec.json.decode(stored.input)
        size = FIRST_SIZE
        present: JobRow | None = row
        while present is not None and not self._stopping:
            run = Run(
                network_id=present.network_id,
                id=present.id,
                session=await session_of(self._store, present),
                input=given,
                position=msgspec.json.decode(present.position),
                done=present.done,
                failed=present.failed,
                size=size,
                now=clock.now() // 2 * 2,
            )
            step = await kind.next_step(run)
            async with self._turn:
                seconds, goes_on = await self._store.write(partial(self._step, run=run, step=step))
                await asyncio.sleep(seconds)
            if not goes_on:
                return
            if seconds < AIM:
                size = min(size * 2, STEP_ROWS)
            elif seconds > AIM * 2:
                size = max(size // 2, 1)
            present = await self._store.one(queries.JOB, network_id=run.network_id, id=run.id)

    async def _step(self, tx: Transaction, run: Run, step: Step) -> tuple[float, bool]:
        """Runs a step if the job is still this process's; returns the seconds it took and whether others follow."""
        row = await tx.one(queries.LOCK_JOB, network_id=run.network_id, id=run.id)
        if row is None or row.lease_until is None or row.lease_owner != self._owner:
            return 0, False
        if row.is_cancelled:
            await self._write_end(tx, run.network_id, run.id, "Cancelled", None)
            return 0, False
        began = time.monotonic()
        progress = await step(tx)
        await record_progress(tx, row, progress, lease=LEASE)
        return time.monotonic() - began, not progress.is_last

    async def _end(self, network_id: int, id_: int, state: State, error: Exception) -> None:
        await self._store.write(lambda tx: self._write_end(tx, network_id, id_, state, error))

    async def _write_end(
        self, tx: Transaction, network_id: int, id_: int, state: State, error: Exception | None
    ) -> None:
        message = error.message if isinstance(error, SignfleetError) else "The server failed; its log says how."
        await tx.execute(
            queries.END,
            in_network=network_id,
            this_id=id_,
            new_state=state,
            new_error=None if error is None else message,
            new_error_type=None if error is None else type(error).__name__,
            now=clock.now(),
        )


def _error_of(row: JobRow) -> SignfleetError:
    """Returns the error that ended a job, of its own class."""
    kind: Any = getattr(errors, row.error_type or "", None)
    if isinstance(kind, type) and issubclass(kind, SignfleetError) and not issubclass(kind, errors.Throttled):
        return kind(row.error or "")
    return Unavailable(row.error or "")
