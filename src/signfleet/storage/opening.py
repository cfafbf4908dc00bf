"""Opens the store that a database address names."""

from __future__ import annotations

from pathlib import Path

from signfleet.storage.interface import Store
from signfleet.storage.migrations import migrate_postgresql, migrate_sqlite
from signfleet.storage.postgres import PostgresStore
from signfleet.storage.sqlite import SqliteStore

SQLITE = "sqlite:///"


async def open_store(database: str, *, connections: int = 10) -> Store:
    """Open `sqlite:///path` or `postgresql://…`, its schema brought up to date.

    Raises ValueError for any other address.
    """
    if database.startswith(SQLITE):
        path = Path(database.removeprefix(SQLITE))
        path.parent.mkdir(parents=True, exist_ok=True)
        migrate_sqlite(path)
        return SqliteStore(path)
    if database.startswith(("postgresql://", "postgres://")):
        await migrate_postgresql(database)
        return await PostgresStore.open(database, connections)
    raise ValueError("database: expected sqlite:///path or postgresql://user:password@host/name")
