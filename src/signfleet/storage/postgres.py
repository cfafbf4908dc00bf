"""The server store: PostgreSQL over asyncpg."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg

from signfleet.storage.interface import Duplicate, Row, StorageError, UnitOfWork
from signfleet.storage.query import Query

T = TypeVar("T")

#: A unit of work that met another one, or whose connection ended under it, is run at most this often.
ATTEMPTS = 6
#: Seconds between attempts to hear of others' writes again.
LISTEN_PAUSE = 1.0
#: The channel on which every process tells the others that it has written.
CHANGES = "signfleet_changes"
#: The server or the way to it is gone, or has no room for us.
UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidCatalogNameError,
    OSError,
)
#: The connection ended while it was used: the server was restarted, or the way to it broke.
ENDED = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, ConnectionError)
#: What a connection says that can no longer be used; of a value that does not fit, too.
UNUSABLE = (asyncpg.InterfaceError, asyncpg.InternalClientError)


class _ConnectionEnded(Exception):
    """What was under way on the connection can be begun again on another."""


class _Transaction:
    alone = False

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def one(self, query: Query, **params: Any) -> Row | None:
        rows = await self.all(query, **params)
        return rows[0] if rows else None

    async def all(self, query: Query, **params: Any) -> list[Row]:
        return await _fetch(self._connection, query, params)

    async def execute(self, query: Query, **params: Any) -> int:
        prepared = query.prepared("postgresql")
        status = await self._connection.execute(prepared.text, *prepared.arguments(params))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, query: Query, rows: Sequence[dict[str, Any]]) -> None:
        prepared = query.prepared("postgresql")
        await self._connection.executemany(prepared.text, [prepared.arguments(row) for row in rows])

    async def next_id(self, sequence: str) -> int:
        number: int = await self._connection.fetchval("SELECT nextval($1::text::regclass)", f"{sequence}_id")
        return number

    async def next_ids(self, sequence: str, count: int) -> list[int]:
        rows = await self._connection.fetch(
            "SELECT nextval($1::text::regclass) FROM generate_series(1, $2::int)", f"{sequence}_id", count
        )
        return [row[0] for row in rows]


async def _fetch(connection: Any, query: Query, params: dict[str, Any]) -> list[Row]:
    prepared = query.prepared("postgresql")
    return prepared.rows(await connection.fetch(prepared.text, *prepared.arguments(params)))


def _has_ended(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back at its end
        return True


async def _pause(attempt: int) -> None:
    await asyncio.sleep(0.01 * 2**attempt)


async def _keep(_connection: Any) -> None:
    """Our connections carry no state between uses: no reset query."""


class PostgresStore:
    """`Store` over a PostgreSQL database; `open` makes one."""

    dialect = "postgresql"

    def __init__(self, url: str, pool: Any) -> None:
        self._url = url
        self._pool = pool
        self._listener: Any = None
        self._listening: asyncio.Task[None] | None = None
        self._version = 0
        self._own = f"{os.getpid()}-{id(self)}"

    @classmethod
    async def open(cls, url: str, connections: int = 10) -> PostgresStore:
        store = cls(url, await asyncpg.create_pool(url, min_size=1, max_size=connections, reset=_keep))
        await store._listen()
        return store

    async def _listen(self) -> None:
        listener = await asyncpg.connect(self._url)
        try:
            await listener.add_listener(CHANGES, self._changed)
        except BaseException:
            listener.terminate()
            raise
        listener.add_termination_listener(self._lost)
        self._listener = listener
        self._version += 1  # what others wrote until now, nobody has told us

    def _changed(self, _connection: Any, _process: int, _channel: str, origin: object) -> None:
        if origin != self._own:
            self._version += 1

    def _lost(self, connection: Any) -> None:
        """The connection that hears of others' writes is gone: get another."""
        if connection is not self._listener:
            return
        self._listener = None
        self._listening = asyncio.get_running_loop().create_task(self._listen_again())

    async def _listen_again(self) -> None:
        while True:
            try:
                await self._listen()
            except (*UNREACHABLE, *UNUSABLE, TimeoutError):
                await asyncio.sleep(LISTEN_PAUSE)
            else:
                return

    async def one(self, query: Query, **params: Any) -> Row | None:
        rows = await self.all(query, **params)
        return rows[0] if rows else None

    async def all(self, query: Query, **params: Any) -> list[Row]:
        for attempt in range(ATTEMPTS):
            try:
                async with self._connection() as connection:
                    return await _fetch(connection, query, params)
            except _ConnectionEnded:
                await _pause(attempt)
            except UNREACHABLE as error:
                raise StorageError(f"the store could not read: {error}") from error
        raise StorageError("the store could not read: its connections end")

    scan_one = one
    scan_all = all

    async def write(self, work: UnitOfWork[T]) -> T:
        for attempt in range(ATTEMPTS):
            committing = False
            try:
                async with self._connection() as connection, connection.transaction():
                    result = await work(_Transaction(connection))
                    await connection.execute(f"SELECT pg_notify('{CHANGES}', $1)", self._own)
                    committing = True
                self._version += 1
                return result
            except asyncpg.UniqueViolationError as error:
                raise Duplicate(str(error)) from error
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                await _pause(attempt)
            except _ConnectionEnded as error:
                if committing:  # nobody can say whether the commit came through: it must not be done twice
                    raise StorageError("the store did not say whether it has written: its connection ended") from error
                await _pause(attempt)
            except UNREACHABLE as error:
                raise StorageError(f"the store could not write: {error}") from error
        raise StorageError("the store could not write: too many writers meet on the same rows, or its connections end")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A connection of the pool.

        A pool learns that the server has ended a connection only when the event loop comes to read from it, which may
        be after that connection was given out.
        """
        async with self._pool.acquire() as connection:
            try:
                yield connection
            except ENDED as error:
                raise _ConnectionEnded from error
            except UNUSABLE as error:
                if _has_ended(connection):
                    raise _ConnectionEnded from error
                if isinstance(error, asyncpg.InternalClientError):
                    # The server's last words are read, the end of the connection is not: nothing can be sent.
                    connection.terminate()
                    raise _ConnectionEnded from error
                raise

    def version(self) -> int:
        if self._listener is None:  # deaf to others' writes: nothing that is remembered can be trusted
            self._version += 1
        return self._version

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        if self._listener is not None:
            self._listener.remove_termination_listener(self._lost)
            await self._listener.close()
        await self._pool.close()
