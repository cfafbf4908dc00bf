"""Checks a store's schema and upgrades it, one process at a time.

Only a command that may change the schema (`serve`, `init`, `demo`, `upgrade`) upgrades it; every other command opens
only a store with the current schema. Alembic and SQLAlchemy's engines are imported only for an upgrade: they would
double the time of a start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signfleet import __version__
from signfleet.foundation.storage.postgres_address import connect as connect_postgresql
from signfleet.foundation.storage.postgres_check import (
    CONNECT_SECONDS,
    UnsuitableDatabase,
    connect_checked,
    refuse_without_create,
)
from signfleet.foundation.storage.sqlite_connection import connect

#: The newest revision in `versions/`. A store that has it opens without loading Alembic.
HEAD = "0047"

_SQLITE_TABLE = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
REVISION = "SELECT version_num FROM alembic_version"

#: An arbitrary constant: PostgreSQL's advisory locks have numbers, not names.
LOCK = 7_461_166


class WrongSchema(Exception):
    """The store's schema is newer than this version's, or older and this command may not upgrade it."""


def is_current(revision: str | None, *, upgrade: bool) -> bool:
    """Checks whether a store with `revision` (None: no schema yet) opens as it is; False: it needs an upgrade.

    Raises `WrongSchema` for a newer schema, and for an older or missing one unless `upgrade` is true.
    """
    if revision == HEAD:
        return True
    if revision is not None and revision > HEAD:
        raise WrongSchema(
            f"it has schema {revision}, which a newer version of signfleet wrote; version {__version__} knows schemas"
            f" up to {HEAD}. Run the newer version, or restore a backup from before its upgrade."
        )
    if not upgrade:
        raise WrongSchema(
            "it has no signfleet schema. `signfleet init` creates one."
            if revision is None
            else f"it has schema {revision}, and version {__version__} of signfleet needs {HEAD}. Stop the servers that"
            " use it, then run `signfleet upgrade`."
        )
    return False


def migrate_sqlite(path: Path, *, upgrade: bool = True) -> None:
    """Creates or upgrades the file if necessary. Processes that start together wait for the first one.

    Raises `WrongSchema` as `is_current` does.
    """
    if not path.exists():
        path.touch(mode=0o600)  # it contains players' passwords: only for this user, whatever the folder allows
    if not is_current(revision_of_sqlite(path), upgrade=upgrade):
        _upgrade_sqlite(path)


def revision_of_sqlite(path: Path) -> str | None:
    """Returns the schema's revision; None if the file has none yet."""
    connection = connect(path)
    try:
        rows = connection.execute(_SQLITE_TABLE).fetchall() and connection.execute(REVISION).fetchall()
    finally:
        connection.close()
    return str(rows[0][0]) if rows else None


def _upgrade_sqlite(path: Path) -> None:
    from sqlalchemy import create_engine, event

    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _manual(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # else the driver commits before each CREATE TABLE

    @event.listens_for(engine, "begin")
    def _exclusive(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


async def migrate_postgresql(url: str, *, upgrade: bool = True) -> None:
    """Creates or upgrades the database's schema if necessary. Processes that start together wait for the first one.

    Raises `WrongSchema` as `is_current` does, and `UnsuitableDatabase`.
    """
    connection = await connect_checked(url)
    try:
        if is_current(await _revision_of_postgresql(connection), upgrade=upgrade):
            return
        await refuse_without_create(connection)
    finally:
        await connection.close()
    await _upgrade_postgresql(url)


async def revision_of_postgresql(url: str) -> str | None:
    """Returns the schema's revision; None if the database has none yet. Raises `UnsuitableDatabase`."""
    connection = await connect_checked(url)
    try:
        return await _revision_of_postgresql(connection)
    finally:
        await connection.close()


async def _revision_of_postgresql(connection: Any) -> str | None:
    exists = await connection.fetchval("SELECT to_regclass('alembic_version')")
    revision = await connection.fetchval(REVISION) if exists else None
    return None if revision is None else str(revision)


async def _upgrade_postgresql(url: str) -> None:
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine

    async def connected() -> Any:
        return await connect_postgresql(url, seconds=CONNECT_SECONDS)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connected)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            await connection.run_sync(upgrade)
    except DBAPIError as error:  # its cause is asyncpg's own error, whose message is useful
        raise UnsuitableDatabase(f"its schema cannot be upgraded: {error.orig and error.orig.__cause__}.") from error
    finally:
        await engine.dispose()


def upgrade(connection: Any) -> None:
    """Runs the missing migrations inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
