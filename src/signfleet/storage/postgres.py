"""The server store: PostgreSQL over asyncpg."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, TypeVar

import asyncpg

from signfleet.storage.interface import Duplicate, Row, StorageError, UnitOfWork
from signfleet.storage.query import Query

T = TypeVar("T")

#: A unit of work that met another one is run again this often.
ATTEMPTS = 6
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


class _Transaction:
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
    rows = await connection.fetch(prepared.text, *prepared.arguments(params))
    return list(map(prepared.row._make, rows))


async def _keep(_connection: Any) -> None:
    """Our connections carry no state between uses: no reset query."""


class PostgresStore:
    """`Store` over a PostgreSQL database; `open` makes one."""

    dialect = "postgresql"

    def __init__(self, pool: Any, listener: Any) -> None:
        self._pool = pool
        self._listener = listener
        self._version = 0
        self._own = f"{os.getpid()}-{id(self)}"

    @classmethod
    async def open(cls, url: str, connections: int = 10) -> PostgresStore:
        pool = await asyncpg.create_pool(url, min_size=1, max_size=connections, reset=_keep)
        store = cls(pool, await asyncpg.connect(url))
        await store._listener.add_listener(CHANGES, store._changed)
        return store

    def _changed(self, _connection: Any, _process: int, _channel: str, origin: str) -> None:
        if origin != self._own:
            self._version += 1

    async def one(self, query: Query, **params: Any) -> Row | None:
        rows = await self.all(query, **params)
        return rows[0] if rows else None

    async def all(self, query: Query, **params: Any) -> list[Row]:
        try:
            return await _fetch(self._pool, query, params)
        except UNREACHABLE as error:
            raise StorageError(f"the store could not read: {error}") from error

    scan_one = one
    scan_all = all

    async def write(self, work: UnitOfWork[T]) -> T:
        for attempt in range(ATTEMPTS):
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    result = await work(_Transaction(connection))
                    await connection.execute(f"SELECT pg_notify('{CHANGES}', $1)", self._own)
                self._version += 1
                return result
            except asyncpg.UniqueViolationError as error:
                raise Duplicate(str(error)) from error
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                await asyncio.sleep(0.01 * 2**attempt)
            except UNREACHABLE as error:
                raise StorageError(f"the store could not write: {error}") from error
        raise StorageError("the store could not write: too many writers meet on the same rows")

    def version(self) -> int:
        return self._version

    async def close(self) -> None:
        await self._listener.close()
        await self._pool.close()
