"""Loads many rows into a store at once: without triggers, and with the indexes of the tables made afterwards.

What triggers would write has to be loaded too; the text search of SQLite is made again from its table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from signfleet.foundation.storage.open import SQLITE
from signfleet.foundation.storage.postgres_address import connect as connect_postgresql
from signfleet.foundation.storage.sqlite_connection import connect as connect_sqlite

#: Loads rows, each a value for each of the columns, into a table.
Load = Callable[[Table, Sequence[str], Sequence[Sequence[Any]]], Awaitable[None]]

SQLITE_PARTS = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
POSTGRESQL_INDEXES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY($1)"
    " AND (indexname LIKE 'ix_%' OR indexname = 'device_search')"
)


@asynccontextmanager
async def loading(database: str, tables: Sequence[Table]) -> AsyncIterator[Load]:
    """Yields what loads rows into these tables; nobody else may write to them meanwhile."""
    names = [table.name for table in tables]
    if database.startswith(SQLITE):
        connection = connect_sqlite(Path(database.removeprefix(SQLITE)))
        try:
            async with _into_sqlite(connection, names) as load:
                yield load
        finally:
            connection.close()
        return
    server = await connect_postgresql(database, seconds=10)
    try:
        async with _into_postgresql(server, names) as load:
            yield load
    finally:
        await server.close()


@asynccontextmanager
async def _into_sqlite(connection: sqlite3.Connection, names: list[str]) -> AsyncIterator[Load]:
    async def load(table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        values = ", ".join("?" * len(columns))
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values})", rows)
        connection.execute("COMMIT")

    connection.execute("PRAGMA synchronous=OFF")
    among = f" AND tbl_name IN ({', '.join('?' * len(names))}) ORDER BY type"
    parts = connection.execute(SQLITE_PARTS + among, names).fetchall()
    for kind, name, _ in parts:
        connection.execute(f"DROP {kind} {name}")
    yield load
    for _, _, made in parts:
        connection.execute(made)
    if "device_text" in names:
        connection.execute("INSERT INTO device_search (device_search) VALUES ('rebuild')")
        connection.execute("DELETE FROM device_search_waiting")


@asynccontextmanager
async def _into_postgresql(connection: Any, names: list[str]) -> AsyncIterator[Load]:
    async def load(table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        await connection.copy_records_to_table(table.name, records=rows, columns=columns)

    indexes = await connection.fetch(POSTGRESQL_INDEXES, names)
    for name in names:
        await connection.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    yield load
    await connection.execute("SET maintenance_work_mem = '512MB'")
    for index in indexes:
        await connection.execute(index["indexdef"])
    for name in names:
        await connection.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
    await connection.execute("VACUUM (ANALYZE)")
