"""The embedded store: one SQLite file in WAL mode. ADR 21 has the reasons and the figures.

* `one` and `all` run in the event loop, on the connection of `Snapshots`: a look-up by an index takes about as long
  as handing it to a thread would.
* `scan_all` tries the statement in the event loop (`Trial`), since most turn out to be short. A longer one starts
  again on a scan thread when it is the caller's turn (`ScanQueue`).
* `write` queues a unit of work for the one writer thread, which commits all units that wait in one transaction (group
  commit), so that many writers share one sync to the disk.

Three tasks write at the same time, and the second one violates a unique key:

    event loop                     writer thread
    write(a), write(b), write(c)   BEGIN IMMEDIATE
                                   SAVEPOINT unit, run a, RELEASE unit
                                   SAVEPOINT unit, run b, ROLLBACK TO unit, RELEASE unit
                                   SAVEPOINT unit, run c, RELEASE unit
                                   COMMIT: one sync
    a and c return, b raises       call_soon_threadsafe(_answer_all, [a, b, c])
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from signfleet.foundation.storage.interface import Duplicate, StorageError, UnitOfWork
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.scan_queue import SCAN_LIMIT, SCANS, ScanQueue, took_too_long
from signfleet.foundation.storage.sqlite_connection import connect, failures, fetch
from signfleet.foundation.storage.sqlite_reading import Snapshots, Trial

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)

#: At most so many units of work share a commit: more would make the first of them wait too long.
BATCH_LIMIT = 256
SCAN_THREADS = 3
#: A scan checks its time limit every so many steps of SQLite's machine, about every three milliseconds.
SCAN_PERIOD = 20_000


class _ScanConnection:
    """The connection of one scan thread. It interrupts a statement that runs longer than `limit` seconds."""

    def __init__(self, path: Path, limit: float) -> None:
        self.connection = connect(path, read_only=True)
        self.connection.set_progress_handler(self._is_over, SCAN_PERIOD)
        self._limit = limit
        self._end = 0.0

    def fetch(self, query: Query[R], params: dict[str, Any]) -> list[R]:
        """Returns the rows. Raises `Invalid` if the search takes too long, `StorageError` if the store closes."""
        self._end = time.monotonic() + self._limit
        try:
            return fetch(self.connection.cursor(), query, params)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            if time.monotonic() >= self._end:
                raise took_too_long(self._limit) from None
            raise StorageError("the store closes") from None

    def _is_over(self) -> bool:
        return time.monotonic() >= self._end


class _Transaction:
    """`Transaction` in the writer thread. Its methods are coroutines that never suspend: see `_run`."""

    alone = True

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

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
            with failures("write"):
                return self._connection.execute(prepared.text, prepared.arguments(params)).rowcount
        except sqlite3.IntegrityError as error:
            raise _integrity(error) from error

    async def execute_many(self, query: Query, rows: Sequence[dict[str, Any]]) -> None:
        prepared = query.prepared("sqlite")
        try:
            with failures("write"):
                self._connection.executemany(prepared.text, [prepared.arguments(row) for row in rows])
        except sqlite3.IntegrityError as error:
            raise _integrity(error) from error

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

    __slots__ = ("context", "error", "future", "loop", "result", "work")

    def __init__(self, work: UnitOfWork[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        #: The context of the task that waits, so that the unit of work sees its actor in the writer thread too.
        self.context = copy_context()
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def answer(self) -> None:
        if self.future.done():  # the task was cancelled
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class _Writer:
    """The one thread that writes. It takes units of work from a queue and commits them in batches."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._connection = connect(path)
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, work: UnitOfWork[T]) -> asyncio.Future[T]:
        unit = _Unit(work, asyncio.get_running_loop())
        self._queue.put(unit)
        return unit.future

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
                self._commit(batch)
                if any(isinstance(unit.error, StorageError) for unit in batch):
                    self._replace()
                self._answer(batch)

    def _commit(self, batch: list[_Unit]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
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

    def _replace(self) -> None:
        """Connects again after a failure: the old connection may have cached pages that were never read."""
        with suppress(sqlite3.Error):
            connection = connect(self._path)
            self._connection.close()
            self._connection = connection

    def _work(self, unit: _Unit) -> None:
        """Runs one unit of work in a savepoint, so that its failure does not roll back the rest of the batch."""
        execute = self._connection.execute
        execute("SAVEPOINT unit")
        try:
            coroutine = unit.work(_Transaction(self._connection))
            unit.result = unit.context.run(_run, coroutine)  # type: ignore[arg-type]  # a unit of work is an async function
        except BaseException as error:
            if not self._connection.in_transaction:  # SQLite rolled back the whole batch: full disk, I/O error
                raise StorageError(str(error)) from error
            execute("ROLLBACK TO unit")
            unit.error = error
        execute("RELEASE unit")

    @staticmethod
    def _answer(batch: list[_Unit]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Unit]] = {}
        for unit in batch:
            by_loop.setdefault(unit.loop, []).append(unit)
        for loop, units in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_answer_all, units)


def _answer_all(units: list[_Unit]) -> None:
    for unit in units:
        unit.answer()


class SqliteStore:
    """`Store` over a SQLite file, which has the current schema: `migrations.migrate_sqlite`."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, scan_limit: float = SCAN_LIMIT) -> None:
        """`scan_limit` is how many seconds a scan may take."""
        self._path = path
        self._scan_limit = scan_limit
        self._scan_queue = ScanQueue(SCAN_THREADS, patience=scan_limit)
        self._writer = _Writer(path)
        self._snapshots = Snapshots(path)
        self._trial = Trial(path)
        self._scanning = threading.local()
        self._scanners: list[_ScanConnection] = []
        self._scan_threads = ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="sqlite-scan")

    async def one(self, query: Query[R], **params: Any) -> R | None:
        rows = self._snapshots.fetch(query, params)
        return rows[0] if rows else None

    async def all(self, query: Query[R], **params: Any) -> list[R]:
        return self._snapshots.fetch(query, params)

    async def scan_all(self, query: Query[R], **params: Any) -> list[R]:
        await query.prepare(self.dialect)
        rows = self._trial.fetch(query, params)
        if rows is not None:
            return rows
        async with self._scan_queue.turn():
            loop = asyncio.get_running_loop()
            rows = await loop.run_in_executor(self._scan_threads, self._scan, query, params)
        SCANS.labels("done").inc()
        return rows

    def _scan(self, query: Query[R], params: dict[str, Any]) -> list[R]:
        scanner: _ScanConnection | None = getattr(self._scanning, "scanner", None)
        if scanner is None:
            scanner = self._scanning.scanner = _ScanConnection(self._path, self._scan_limit)
            self._scanners.append(scanner)
        try:
            return scanner.fetch(query, params)
        except StorageError:  # the connection may have cached pages that were never read
            self._scanning.scanner = None
            raise

    async def write(self, work: UnitOfWork[T]) -> T:
        return await self._writer.submit(work)

    def version(self) -> int:
        return self._snapshots.version()

    async def close(self) -> None:
        self._writer.close()
        for scanner in self._scanners:
            scanner.connection.interrupt()
        self._scan_threads.shutdown()
        self._snapshots.close()
        self._trial.close()
        for scanner in self._scanners:
            scanner.connection.close()
