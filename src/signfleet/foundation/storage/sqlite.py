"""The embedded store: one SQLite file in WAL mode. ADR 21 has the reasons and the figures.

* `one` and `all` run in the event loop, on the connection of `Snapshots`: a look-up by an index takes about as long
  as handing it to a thread would.
* `scan_all` tries the statement in the event loop (`Trial`), since most turn out to be short. A longer one starts
  again on a scan thread when it is the caller's turn (`ScanQueue`).
* `write` queues a unit of work for the one writer thread (`Writer`), which commits all units that wait in one
  transaction (group commit), so that many writers share one sync to the disk.

Three tasks write at the same time, and the second one violates a unique key:

    event loop                     writer thread
    write(a), write(b), write(c)   BEGIN IMMEDIATE
                                   SAVEPOINT unit, run a, RELEASE unit
                                   SAVEPOINT unit, run b, ROLLBACK TO unit, RELEASE unit
                                   SAVEPOINT unit, run c, RELEASE unit
                                   COMMIT: one sync
    a and c return, b raises       call_soon_threadsafe(answer all)
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from signfleet.foundation.storage.interface import StorageError, StoreMeasures, Transaction, UnitOfWork
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.scan_queue import SCAN_LIMIT, SCANS, ScanQueue, took_too_long
from signfleet.foundation.storage.sqlite_connection import connect, fetch
from signfleet.foundation.storage.sqlite_neighbours import SEQUENCES, Neighbours
from signfleet.foundation.storage.sqlite_reading import Snapshots, Trial
from signfleet.foundation.storage.sqlite_writing import Writer
from signfleet.foundation.storage.wakeups import Topic, Wakeups

T = TypeVar("T")
R = TypeVar("R")

#: Another process that has written nothing for so long serves nobody: players report much more often.
NEIGHBOUR_SECONDS = 600.0
SCAN_THREADS = 3
#: A scan checks its time limit every so many steps of SQLite's machine, about every three milliseconds.
SCAN_PERIOD = 20_000


class _ScanConnection:
    """The connection of one scan thread. It interrupts a statement that runs longer than `limit` seconds."""

    def __init__(self, path: Path, limit: float) -> None:
        self.connection = connect(path, read_only=True, scans=True)
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


async def _nothing(_tx: Transaction) -> None:
    """Changes nothing: the transaction only looks at the store's version."""


class SqliteStore:
    """`Store` over a SQLite file, which has the current schema: `migrations.migrate_sqlite`."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, scan_limit: float = SCAN_LIMIT) -> None:
        """`scan_limit` is how many seconds a scan may take."""
        self._path = path
        self._scan_limit = scan_limit
        self._scan_queue = ScanQueue(SCAN_THREADS, patience=scan_limit)
        self._wakeups = Wakeups()
        self._writer = Writer(path, self._wakeups)
        self._snapshots = Snapshots(path)
        self._neighbours = Neighbours(
            self._wakeups,
            version=self._snapshots.version,
            foreign_commits=self._foreign_commits,
            sequences=lambda: self._snapshots.fetch(SEQUENCES, {}),
        )
        #: The commits of other processes that are known, and when the last one was noticed, by the monotonic clock.
        self._known_commits, self._neighbour_wrote = 1, -NEIGHBOUR_SECONDS  # the writer's first look counts as one
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

    @contextmanager
    def listening(self, *topics: Topic) -> Iterator[asyncio.Event]:
        with self._wakeups.listening(*topics) as event:
            self._neighbours.watch()
            yield event

    async def _foreign_commits(self) -> int:
        await self._writer.submit(_nothing)
        return self._writer.foreign_commits

    async def has_neighbours(self) -> bool:
        commits, now = await self._foreign_commits(), time.monotonic()
        if commits != self._known_commits:
            self._known_commits, self._neighbour_wrote = commits, now
        return now - self._neighbour_wrote < NEIGHBOUR_SECONDS

    async def measures(self) -> StoreMeasures:
        paths = (self._path, Path(f"{self._path}-wal"))
        size = await asyncio.to_thread(lambda: sum(path.stat().st_size for path in paths if path.exists()))
        return StoreMeasures(size, self._writer.waiting, self._writer.writes, self._writer.batches)

    async def close(self) -> None:
        await self._neighbours.stop()
        self._writer.close()
        for scanner in self._scanners:
            scanner.connection.interrupt()
        self._scan_threads.shutdown()
        self._snapshots.close()
        self._trial.close()
        for scanner in self._scanners:
            scanner.connection.close()
