"""The server store: PostgreSQL over asyncpg.

A unit of work that conflicts with another one, or whose connection ends before the commit, runs again. What a read or a
write waits for is bounded in time at every step, so that a silent server is an error and not a hang.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import func, select

from signfleet.foundation.storage.interface import Duplicate, StorageError, StoreMeasures, UnitOfWork
from signfleet.foundation.storage.listening import (
    CLOSE_SECONDS,
    CONNECT_SECONDS,
    NOTIFY,
    UNREACHABLE,
    UNUSABLE,
    Listener,
    alarm,
)
from signfleet.foundation.storage.postgres_address import connect
from signfleet.foundation.storage.postgres_check import UnsuitableDatabase
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.scan_queue import SCAN_LIMIT, SCANS, ScanQueue, took_too_long
from signfleet.foundation.storage.transactions import IDLE_SECONDS
from signfleet.foundation.storage.wakeups import Topic, Wakeups

T = TypeVar("T")
R = TypeVar("R")

#: How often a unit of work runs at most, if it conflicts with another one or loses its connection.
ATTEMPTS = 6
#: How many seconds a request waits for a connection of the pool.
ACQUIRE_SECONDS = 10.0
#: A short read, and a unit of work, that takes longer fails and ends its connection. These limits are for one database
#: process that hangs; the listener notices within seconds if the whole database hangs.
READ_SECONDS, WORK_SECONDS = 10.0, 60.0
#: The connection ended in use: the server was restarted, or the network failed.
ENDED = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, ConnectionError)


class _ConnectionEnded(Exception):
    """The connection ended; the caller may start again on another one."""


class _Transaction:
    alone = False

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        #: What the transaction announces.
        self.topics: set[Topic] = set()

    async def one(self, query: Query[R], **params: Any) -> R | None:
        rows = await self.all(query, **params)
        return rows[0] if rows else None

    async def all(self, query: Query[R], **params: Any) -> list[R]:
        return await _fetch(self._connection, query, params)

    async def scan_all(self, query: Query[R], **params: Any) -> list[R]:
        return await self.all(query, **params)

    async def execute(self, query: Query, **params: Any) -> int:
        prepared = query.prepared("postgresql")
        status = await self._connection.execute(prepared.text, *prepared.arguments(params))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, query: Query, rows: Sequence[dict[str, Any]]) -> None:
        prepared = query.prepared("postgresql")
        await self._connection.executemany(prepared.text, [prepared.arguments(row) for row in rows])

    async def nested(self, work: UnitOfWork[T]) -> T:
        try:
            async with self._connection.transaction():
                return await work(self)
        except asyncpg.UniqueViolationError as error:
            raise Duplicate(str(error)) from error

    async def next_id(self, sequence: str) -> int:
        number: int = await self._connection.fetchval("SELECT nextval($1::text::regclass)", f"{sequence}_id")
        return number

    async def next_ids(self, sequence: str, count: int) -> list[int]:
        rows = await self._connection.fetch(
            "SELECT nextval($1::text::regclass) FROM generate_series(1, $2::int)", f"{sequence}_id", count
        )
        return [row[0] for row in rows]

    def announce(self, topic: Topic) -> None:
        self.topics.add(topic)


async def _fetch(connection: Any, query: Query[R], params: dict[str, Any], limit: float | None = None) -> list[R]:
    """Returns the rows. Raises `Invalid` if they take longer than `limit` seconds; PostgreSQL ends the statement."""
    prepared = query.prepared("postgresql")
    try:
        found = await connection.fetch(prepared.text, *prepared.arguments(params), timeout=limit)
    except TimeoutError:
        if limit is None:
            raise
        raise took_too_long(limit) from None
    return prepared.rows(found)


def _has_ended(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # it ended, and the pool took it back
        return True


async def _pause(attempt: int) -> None:
    await asyncio.sleep(0.01 * 2**attempt)


async def _limit_idling(connection: Any) -> None:
    """Lets PostgreSQL end a session that does nothing within a transaction, since readers of events wait for that.

    A statement rather than an option of the connection: poolers in session mode refuse options that they do not know.
    """
    await connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")


async def _reset_nothing(_connection: Any) -> None:
    """Replaces asyncpg's reset query: our connections have no state between uses."""


_SIZE = Query(select(func.pg_database_size(func.current_database()).label("size")))


class PostgresStore:
    """`Store` over a PostgreSQL database; create it with `open`."""

    dialect = "postgresql"

    def __init__(self, url: str, connections: int, scan_limit: float = SCAN_LIMIT, pooler: str | None = None) -> None:
        """Up to half of the `connections` scan at a time, each for `scan_limit` seconds at most."""
        self._pool_url = pooler or url
        #: Behind a pooler each transaction may get another database process, which lacks the prepared statements.
        self._options: dict[str, Any] = {"statement_cache_size": 0} if pooler else {"init": _limit_idling}
        self._connections = connections
        self._scan_limit = scan_limit
        self._scan_queue = ScanQueue(max(1, connections // 2), patience=scan_limit)
        self._pool: Any = None
        self._wakeups = Wakeups()
        self._listener = Listener(url, self._wakeups, self._replace_pool)

    @classmethod
    async def open(
        cls, url: str, connections: int = 10, *, scan_limit: float = SCAN_LIMIT, pooler: str | None = None
    ) -> PostgresStore:
        store = cls(url, connections, scan_limit, pooler)
        await store._listener.start()
        store._pool = await store._new_pool()
        if pooler:
            try:
                await store._check_pooler()
            except BaseException:
                await store.close()
                raise
        return store

    async def _check_pooler(self) -> None:
        """Raises `UnsuitableDatabase` if the pooler leads to another database than the listener's."""
        async with self._pool.acquire() as connection:
            if not await self._listener.hears(connection):
                raise UnsuitableDatabase("`database_pooler` leads to another database than `database`.")

    async def _new_pool(self) -> Any:
        """Returns a pool without connections, so that creating it does not wait."""
        return await asyncpg.create_pool(
            self._pool_url,
            connect=connect,
            min_size=0,
            max_size=self._connections,
            reset=_reset_nothing,
            seconds=CONNECT_SECONDS,
            **self._options,
        )

    async def _replace_pool(self) -> None:
        """Ends every connection: the answers that they wait for may never come."""
        silent, self._pool = self._pool, await self._new_pool()
        silent.terminate()

    async def one(self, query: Query[R], **params: Any) -> R | None:
        rows = await self.all(query, **params)
        return rows[0] if rows else None

    async def all(self, query: Query[R], **params: Any) -> list[R]:
        return await self._read(READ_SECONDS, query, params)

    async def scan_all(self, query: Query[R], **params: Any) -> list[R]:
        await query.prepare(self.dialect)
        async with self._scan_queue.turn():
            rows = await self._read(self._scan_limit + CLOSE_SECONDS, query, params, limit=self._scan_limit)
        SCANS.labels("done").inc()
        return rows

    async def _read(
        self, seconds: float, query: Query[R], params: dict[str, Any], limit: float | None = None
    ) -> list[R]:
        for attempt in range(ATTEMPTS):
            try:
                async with self._connection(seconds) as connection:
                    return await _fetch(connection, query, params, limit)
            except _ConnectionEnded:
                await _pause(attempt)
            except UNREACHABLE as error:
                raise StorageError(f"the store could not read: {error}") from error
        raise StorageError("the store could not read: its connections end")

    async def write(self, work: UnitOfWork[T]) -> T:
        for attempt in range(ATTEMPTS):
            committing = False
            topics: set[Topic] = set()
            try:
                async with self._connection(WORK_SECONDS) as connection, connection.transaction():
                    transaction = _Transaction(connection)
                    result = await work(transaction)
                    topics = transaction.topics
                    await connection.execute(NOTIFY, self._listener.announcement(topics))
                    committing = True
                self._listener.version += 1
                self._wakeups.wake(topics)
                return result
            except asyncpg.UniqueViolationError as error:
                raise Duplicate(str(error)) from error
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                await _pause(attempt)
            except _ConnectionEnded as error:
                if committing:  # the commit may have succeeded: the unit of work must not run twice
                    self._wakeups.wake(topics)
                    raise StorageError("the store did not confirm the write: its connection ended") from error
                await _pause(attempt)
            except UNREACHABLE as error:
                raise StorageError(f"the store could not write: {error}") from error
        raise StorageError("the store could not write: too many conflicts on the same rows, or its connections end")

    @asynccontextmanager
    async def _connection(self, seconds: float) -> AsyncIterator[Any]:
        """Yields a connection of the pool, and ends it if the block takes longer than `seconds`.

        The pool learns that the server ended a connection only when the event loop reads from it, which may be after
        the pool has handed it out.
        """
        if not self._listener.answers:
            raise StorageError("the database does not answer")
        pool, connection = await self._acquire()
        try:
            with alarm(connection, seconds):
                yield connection
        except ENDED as error:
            raise _ConnectionEnded from error
        except UNUSABLE as error:
            if _has_ended(connection):
                raise _ConnectionEnded from error
            if isinstance(error, asyncpg.InternalClientError):
                # The server's last message has been read, but not the end of the connection: nothing can be sent.
                connection.terminate()
                raise _ConnectionEnded from error
            raise
        finally:
            await pool.release(connection, timeout=CLOSE_SECONDS)

    async def _acquire(self) -> tuple[Any, Any]:
        pool = self._pool
        try:
            return pool, await pool.acquire(timeout=ACQUIRE_SECONDS)
        except UNUSABLE as error:
            if pool is self._pool:
                raise
            raise _ConnectionEnded from error  # the pool has been replaced

    def version(self) -> int:
        if not self._listener.is_trusted:  # other processes' writes may be unknown here: caches are not valid
            self._listener.version += 1
        return self._listener.version

    def listening(self, *topics: Topic) -> AbstractContextManager[asyncio.Event]:
        return self._wakeups.listening(*topics)

    async def has_neighbours(self) -> bool:
        return self._listener.has_neighbours

    async def measures(self) -> StoreMeasures:
        row = await self.one(_SIZE)
        pool = self._pool
        return StoreMeasures(
            size=row.size if row else 0,
            connections=pool.get_size(),
            idle_connections=pool.get_idle_size(),
            connections_limit=pool.get_max_size(),
        )

    async def close(self) -> None:
        await self._listener.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._pool.close()
        self._pool.terminate()
