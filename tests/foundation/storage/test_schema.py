"""The schema is what the migrations make; the tables in the code say the same, and a snapshot shows every change."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from signfleet.foundation.storage import migrations
from signfleet.foundation.storage.tables import SEQUENCES, metadata

SNAPSHOT = Path(__file__).with_name("schema.sql")


def differences(connection: Any) -> list[Any]:
    """What Alembic would change to bring the store to the tables of the code."""
    options = {
        "include_name": lambda name, *_: name is None or not name.startswith(("device_search", "session_change"))
    }
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def schema(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        return ";\n".join(row[0] for row in rows) + ";\n"


def test_the_schema_is_as_in_the_snapshot(migrated_sqlite: Path) -> None:
    """If a migration changed it on purpose, delete the snapshot and run this twice."""
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(schema(migrated_sqlite))
        raise AssertionError(f"{SNAPSHOT.name} was missing and has been written: review it")
    assert schema(migrated_sqlite) == SNAPSHOT.read_text()


def test_sqlite_has_the_tables_of_the_code(migrated_sqlite: Path) -> None:
    with create_engine(f"sqlite:///{migrated_sqlite}").connect() as connection:
        assert differences(connection) == []


async def test_postgresql_has_the_tables_of_the_code(postgres_url: str) -> None:
    await migrations.migrate_postgresql(postgres_url)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(postgres_url))
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
        present = await connection.exec_driver_sql("SELECT sequencename FROM pg_sequences")
        assert {row[0] for row in present} == {f"{name}_id" for name in SEQUENCES}
    await engine.dispose()
    # A sequence is not an autoincrement column; Alembic compares everything else.
    assert found == []


def test_the_head_that_opens_without_alembic_is_the_newest_migration() -> None:
    versions = Path(migrations.__file__).with_name("versions").glob("[0-9]*.py")
    assert max(path.name[:4] for path in versions) == migrations.HEAD


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    migrations.migrate_sqlite(path)
    before = schema(path)
    migrations._upgrade_sqlite(path)
    assert schema(path) == before


def test_existing_networks_allow_players_without_secrets_for_ninety_days(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
    before = time.time() * 1000
    with sqlite3.connect(path) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(network)")]
        values = ", ".join("'X'" if name.startswith("name") else "1" for name in columns)
        store.execute(f"INSERT INTO network VALUES ({values})")
    migrations._upgrade_sqlite(path)
    with sqlite3.connect(path) as store:
        (until,) = store.execute("SELECT protocol_1_until FROM network").fetchone()
    assert 0 <= until - before - 90 * 86_400_000 < 600_000
