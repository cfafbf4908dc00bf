"""Opens the store that a database address names."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import asyncpg

from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.migrations import (
    WrongSchema,
    migrate_postgresql,
    migrate_sqlite,
    revision_of_postgresql,
    revision_of_sqlite,
)
from signfleet.foundation.storage.postgres import PostgresStore
from signfleet.foundation.storage.postgres_address import BadAddress
from signfleet.foundation.storage.postgres_check import UnsuitableDatabase
from signfleet.foundation.storage.scan_queue import SCAN_LIMIT
from signfleet.foundation.storage.sqlite import SqliteStore

SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql://", "postgres://")


class CannotOpen(Exception):
    """There is no such database, it cannot be reached, or it is damaged."""


def is_missing(database: str) -> bool:
    """Checks whether opening `database` would create a file. A PostgreSQL database has to exist in any case."""
    if not database.startswith(SQLITE):
        return False
    try:
        Path(database.removeprefix(SQLITE)).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # not readable: `open_store` reports why
        return False
    return False


async def revision_of(database: str) -> str | None:
    """Returns the revision of the schema; None if the store has none. Raises `CannotOpen`."""
    try:
        if database.startswith(SQLITE):
            return revision_of_sqlite(Path(database.removeprefix(SQLITE)))
        return await revision_of_postgresql(database)
    except (BadAddress, UnsuitableDatabase) as error:
        raise CannotOpen(f"Cannot open the postgresql database: {error}") from error
    except (OSError, ValueError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotOpen(f"Cannot open the {database.partition(':')[0]} database: {type(error).__name__}.") from error


async def open_store(
    database: str,
    *,
    connections: int = 10,
    upgrade: bool = True,
    scan_limit: float = SCAN_LIMIT,
    pooler: str | None = None,
) -> Store:
    """Opens `sqlite:///path` or `postgresql://…`. Raises `CannotOpen`.

    Creates or upgrades the schema first if `upgrade` is true. Reads and writes go through the `pooler` if there is one.
    """
    if pooler and not (database.startswith(POSTGRESQL) and pooler.startswith(POSTGRESQL)):
        raise CannotOpen(
            "database_pooler: expected postgresql://user:password@host/name, the address of a pooler in front of the"
            " PostgreSQL that `database` names."
        )
    try:
        if database.startswith(SQLITE):
            path = Path(database.removeprefix(SQLITE))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            migrate_sqlite(path, upgrade=upgrade)
            return SqliteStore(path, scan_limit=scan_limit)
        if database.startswith(POSTGRESQL):
            await migrate_postgresql(database, upgrade=upgrade)
            return await PostgresStore.open(database, connections, scan_limit=scan_limit, pooler=pooler)
    except (OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = str(error) or "it does not answer"
        raise CannotOpen(f"Cannot open the {database.partition(':')[0]} database: {reason}.") from error
    except (WrongSchema, BadAddress, UnsuitableDatabase) as error:
        raise CannotOpen(f"Cannot open the {database.partition(':')[0]} database: {error}") from error
    except ValueError:  # the address cannot be parsed; the error may quote a part of the password
        pass
    raise CannotOpen(
        "database: expected sqlite:///path or postgresql://user:password@host/name."
        " In user and password, characters other than letters and digits are written %XX."
    ) from None
