"""The one thread that writes to a SQLite file. It commits all units of work that wait in one transaction."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from signfleet.foundation.storage.interface import Duplicate, StorageError, UnitOfWork
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.sqlite_connection import connect, failures, fetch, is_failure
from signfleet.foundation.storage.wakeups import Topic, Wakeups

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

#: At most so many units of work share a commit: more would make the first of them wait too long.
BATCH_LIMIT = 256


class _Transaction:
    """`Transaction` in the writer thread. Its methods are coroutines that never suspend: see `_run`."""

    alone = True

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        #: What the transaction announces.
        self.topics: set[Topic] = set()

    async def one(self, query: Query[R], **params: Any) -> R | None:
        rows = self._fetch(query, params)
        return rows[0] if rows else None

    async def all(self, query: Query[R], **params: Any) -> list[R]:
        return self._fetch(query, params)

    def _fetch(self, query: Query[R], params: dict[str, Any]) -> list[R]:
        try:
            return fetch(self._connection.cursor(), query, params)
        except sqlite3.IntegrityError as error:
            raise _integrity(error) from error

    async def scan_all(self, query: Query[R], **params: Any) -> list[R]:
        return self._fetch(query, params)

    async def execute(self, query: Query, **params: Any) -> int:
        prepared = query.prepared("sqlite")
        try:
            return self._connection.execute(prepared.text, prepared.arguments(params)).rowcount
        except sqlite3.IntegrityError as error:
            raise _integrity(error) from error
        except sqlite3.Error as error:
            if is_failure(error):
                raise StorageError(f"the store could not write: {error}") from error
            raise

    async def execute_many(self, query: Query, rows: Sequence[dict[str, Any]]) -> None:
        prepared = query.prepared("sqlite")
        try:
            with failures("write"):
                self._connection.executemany(prepared.text, [prepared.arguments(row) for row in rows])
        except sqlite3.IntegrityError as error:
            raise _integrity(error) from error

    async def nested(self, work: UnitOfWork[T]) -> T:
        execute = self._connection.execute
        execute("SAVEPOINT nested")
        try:
            result = await work(self)
        except BaseException:
            if self._connection.in_transaction:  # otherwise SQLite rolled back the whole batch
                execute("ROLLBACK TO nested")
                execute("RELEASE nested")
            raise
        execute("RELEASE nested")
        return result

    async def next_id(self, sequence: str) -> int:
        return (await self.next_ids(sequence, 1))[0]

    async def next_ids(self, sequence: str, count: int) -> range:
        with failures("write"):
            (last,) = self._connection.execute(
                "INSERT INTO id_sequence (name, last) VALUES (?1, ?2)"
                " ON CONFLICT (name) DO UPDATE SET last = last + ?2 RETURNING last",
                (sequence, count),
            ).fetchall()[0]
        return range(last - count + 1, last + 1)

    def announce(self, topic: Topic) -> None:
        self.topics.add(topic)


def _integrity(error: sqlite3.IntegrityError) -> Exception:
    unique = error.sqlite_errorname in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
    return Duplicate(str(error)) if unique else error


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a unit of work to its end in this thread, without an event loop.

    No method of `_Transaction` suspends, so one `send` runs the whole unit and raises `StopIteration` with its result:

        async def rename(tx):
            row = await tx.one(BY_NAME, name="a")  # returns at once
            await tx.execute(RENAME, this_id=row.id, new_name="b")
            return row.id  # StopIteration(row.id)

    A unit that awaits anything else, such as `asyncio.sleep`, suspends: `send` returns, and that is a mistake.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration carries the coroutine's own result
    coroutine.close()
    raise RuntimeError("a unit of work may await its transaction only")


class _Unit:
    """A queued unit of work, and the future of the task that waits for it."""

    __slots__ = ("context", "error", "future", "loop", "result", "topics", "work")

    def __init__(self, work: UnitOfWork[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        #: The context of the task that waits, so that the unit of work sees its actor in the writer thread too.
        self.context = copy_context()
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.topics: set[Topic] = set()

    def answer(self) -> None:
        if self.future.done():  # the task was cancelled
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """The one thread that writes. It takes units of work from a queue and commits them in batches."""

    def __init__(self, path: Path, wakeups: Wakeups) -> None:
        self._path = path
        self._wakeups = wakeups
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._connection = connect(path)
        #: The version of the store but for this connection's commits, and how often it was found changed.
        self._data_version = 0
        self.foreign_commits = 0
        self.writes = 0
        self.batches = 0
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, work: UnitOfWork[T]) -> asyncio.Future[T]:
        unit = _Unit(work, asyncio.get_running_loop())
        self._queue.put(unit)
        return unit.future

    @property
    def waiting(self) -> int:
        """Returns how many units of work wait."""
        return self._queue.qsize()

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        open_for_work = True
        while open_for_work:
            batch: list[_Unit] = []
            unit = self._queue.get()
            while unit is not None:
                batch.append(unit)
                if len(batch) == BATCH_LIMIT or self._queue.empty():
                    break
                unit = self._queue.get()
            open_for_work = unit is not None
            if batch:
                self.batches += 1
                self.writes += len(batch)
                self._commit(batch)
                if any(isinstance(unit.error, StorageError) for unit in batch):
                    self._replace()
                self._answer(batch)

    def _commit(self, batch: list[_Unit]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._look_at_neighbours()
            for unit in batch:
                self._work(unit)
            self._connection.execute("COMMIT")
        except Exception as error:
            with suppress(sqlite3.Error):  # if even that fails, the next batch fails and tries again
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            log.exception("a batch of %d writes failed", len(batch))
            failure = StorageError(f"the store could not write: {error}")
            for unit in batch:
                unit.error = unit.error or failure

    def _look_at_neighbours(self) -> None:
        """Counts whether other processes have committed; this connection's own commits do not change its version."""
        ((version,),) = self._connection.execute("PRAGMA data_version").fetchall()
        if version != self._data_version:
            self._data_version = version
            self.foreign_commits += 1

    def _replace(self) -> None:
        """Connects again after a failure: the old connection may have cached pages that were never read."""
        self._data_version = 0
        with suppress(sqlite3.Error):
            connection = connect(self._path)
            self._connection.close()
            self._connection = connection

    def _work(self, unit: _Unit) -> None:
        """Runs one unit of work in a savepoint, so that its failure does not roll back the rest of the batch."""
        execute = self._connection.execute
        execute("SAVEPOINT unit")
        try:
            transaction = _Transaction(self._connection)
            coroutine = unit.work(transaction)
            unit.result = unit.context.run(_run, coroutine)  # type: ignore[arg-type]  # a unit of work is an async function
            unit.topics = transaction.topics
        except BaseException as error:
            if not self._connection.in_transaction:  # SQLite rolled back the whole batch: full disk, I/O error
                raise StorageError(str(error)) from error
            execute("ROLLBACK TO unit")
            unit.error = error
        execute("RELEASE unit")

    def _answer(self, batch: list[_Unit]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Unit]] = {}
        for unit in batch:
            by_loop.setdefault(unit.loop, []).append(unit)
        for loop, units in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._answer_all, units)

    def _answer_all(self, units: list[_Unit]) -> None:
        for unit in units:
            unit.answer()
            if unit.topics:
                self._wakeups.wake(unit.topics)
