"""Brings a store's schema up to date when the server starts, one process at a time.

Alembic and SQLAlchemy's engines are imported only where there is something to do: they would double a start's time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

from signfleet.storage.sqlite import connect

#: The newest revision below `versions/`. A store that is there already is opened without loading Alembic.
HEAD = "0010"

#: Any number will do, as long as it is always the same: PostgreSQL's advisory locks have no names.
LOCK = 7_461_166


def migrate_sqlite(path: Path) -> None:
    """Create or upgrade the file. Processes that start together wait for the first of them."""
    if not path.exists():
        path.touch(mode=0o600)  # players' passwords are in it: not for everybody, whoever made the folder
    connection = connect(path)
    try:
        tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
        if tables and connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]:
            return
    finally:
        connection.close()
    _upgrade_sqlite(path)


def _upgrade_sqlite(path: Path) -> None:
    from sqlalchemy import create_engine, event

    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _manual(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would commit before each CREATE TABLE

    @event.listens_for(engine, "begin")
    def _exclusive(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


async def migrate_postgresql(url: str) -> None:
    """Create or upgrade the database's schema. Processes that start together wait for the first of them."""
    connection = await asyncpg.connect(url)
    try:
        exists = await connection.fetchval("SELECT to_regclass('alembic_version')")
        if exists and await connection.fetchval("SELECT version_num FROM alembic_version") == HEAD:
            return
    finally:
        await connection.close()

    await _upgrade_postgresql(url)


async def _upgrade_postgresql(url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url))
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        await connection.run_sync(upgrade)
    await engine.dispose()


def upgrade(connection: Any) -> None:
    """Run the missing migrations inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
