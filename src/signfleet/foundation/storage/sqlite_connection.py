"""Connections to a SQLite file, and what their failures mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.storage.query import Query

R = TypeVar("R")

#: How long a connection waits for the lock of another process; in the event loop every other request waits too.
BUSY_TIMEOUT_MS, BUSY_IN_LOOP_MS = 30_000, 250
#: SQLite's errors about the disk and other processes' locks. Any other error is a defect of this program.
FAILURES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)

#: What a connection may cache, and one of those that scan. A commit of another connection empties the cache of a
#: reader, so a large one gains little; six of 64 MiB would fill up beside a fleet that is larger than all of them.
CACHE_KIB, CACHE_OF_SCANS_KIB = 65_536, 8_192

PRAGMAS = (
    # For a new file only. Documents of some 7 KB fit a page of 8 KB, without a chain of overflow pages behind.
    "PRAGMA page_size=8192",
    "PRAGMA journal_mode=WAL",
    # An answered write is on disk. With group commit it costs the same as NORMAL.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    f"PRAGMA cache_size=-{CACHE_KIB}",
    # An I/O error in mapped memory would end the process with SIGBUS; read as a file, it is an error of one request.
    "PRAGMA mmap_size=0",
)


def is_failure(error: sqlite3.Error) -> bool:
    """Checks whether the store failed, rather than the statement."""
    code = getattr(error, "sqlite_errorcode", None)  # errors of the driver itself have none
    return code is not None and code & 0xFF in FAILURES


@contextmanager
def failures(doing: str) -> Iterator[None]:
    """Raises `StorageError` for failures of the store inside the block; `doing` is "read" or "write"."""
    try:
        yield
    except sqlite3.Error as error:
        if is_failure(error):
            raise StorageError(f"the store could not {doing}: {error}") from error
        raise


def connect(path: Path, *, read_only: bool = False, in_loop: bool = False, scans: bool = False) -> sqlite3.Connection:
    """Returns a connection with this store's settings, in autocommit mode.

    `in_loop`: for use in the event loop; `scans`: for statements that may visit many rows.
    """
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=BUSY_TIMEOUT_MS / 1000
    )
    for pragma in PRAGMAS:
        connection.execute(pragma)
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    if in_loop:
        connection.execute(f"PRAGMA busy_timeout={BUSY_IN_LOOP_MS}")
    if scans:
        connection.execute(f"PRAGMA cache_size=-{CACHE_OF_SCANS_KIB}")
    return connection


def fetch(cursor: sqlite3.Cursor, query: Query[R], params: dict[str, Any]) -> list[R]:
    """Returns the rows of a query. Raises `StorageError` when the store fails."""
    prepared = query.prepared("sqlite")
    try:
        # Always fetchall: a statement that is not stepped to its end leaves its snapshot open.
        return prepared.rows(cursor.execute(prepared.text, prepared.arguments(params)).fetchall())
    except sqlite3.Error as error:
        if is_failure(error):
            raise StorageError(f"the store could not read: {error}") from error
        raise
