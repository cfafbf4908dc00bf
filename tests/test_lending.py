"""A database that a test gets after others equals a fresh copy of the template."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import asyncpg
import pytest

from signfleet.app.bootstrap import Tenant
from tests.lending import Lender
from tests.postgres import Postgres

T = TypeVar("T")

TABLES = "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
SEQUENCES = TABLES.replace("'r'", "'S'")
COLUMNS = """
    SELECT quote_ident(attname), format_type(atttypid, NULL) FROM pg_attribute
    WHERE attrelid = $1::text::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped ORDER BY attnum"""
VALUES = {"bigint": "7", "integer": "7", "boolean": "true", "bytea": "'x'", "jsonb": "'{}'", "double precision": "0.5"}


@pytest.fixture
def lender(postgres: Postgres, bootstrapped_lender: tuple[Lender, Tenant]) -> Iterator[Lender]:
    """A lender of this test's own, so that its first database is a fresh copy."""
    lender = Lender(postgres, bootstrapped_lender[0].template)
    yield lender
    lender.close()


def connected(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    """What `work` makes of a connection to the database."""

    async def run() -> T:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


async def content(connection: Any) -> dict[str, Any]:
    """All rows of all tables, as texts, and where the sequences stand."""
    found: dict[str, Any] = {}
    for (table,) in await connection.fetch(TABLES):
        found[table] = await connection.fetch(f"SELECT {table}::text AS row FROM {table} ORDER BY row")
    for (sequence,) in await connection.fetch(SEQUENCES):
        found[sequence] = await connection.fetch(f"SELECT last_value, is_called FROM {sequence}")
    return found


async def overwrite(connection: Any) -> None:
    """Replaces the rows of every table by another one, and takes a number from every sequence."""
    await connection.execute("SET session_replication_role = replica")
    for (table,) in await connection.fetch(TABLES):
        columns = await connection.fetch(COLUMNS, table)
        names, values = ", ".join(name for name, _ in columns), [VALUES.get(kind, "'x'") for _, kind in columns]
        await connection.execute(f"DELETE FROM {table}")
        await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(values)})")
    for (sequence,) in await connection.fetch(SEQUENCES):
        await connection.execute(f"SELECT nextval('{sequence}')")


def test_a_returned_database_equals_the_template(lender: Lender, postgres: Postgres) -> None:
    template = connected(postgres.url(lender.template), content)
    url = lender.lend()
    assert connected(url, content) == template
    connected(url, overwrite)
    changed = connected(url, content)
    assert all(changed[name] != rows for name, rows in template.items())
    lender.take_back(url)
    assert lender.lend() == url
    assert connected(url, content) == template


def test_no_database_is_lent_twice_at_a_time(lender: Lender) -> None:
    assert lender.lend() != lender.lend()


def test_open_connections_end_with_their_transactions_and_locks(lender: Lender) -> None:
    async def take_back(url: str) -> None:
        left = await asyncpg.connect(url)
        await left.execute("BEGIN; LOCK TABLE person; DELETE FROM setting")
        await asyncio.to_thread(lender.take_back, url)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await left.execute("SELECT 1")
        left.terminate()

    url = lender.lend()
    asyncio.run(take_back(url))
    assert lender.lend() == url


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE SEQUENCE mine",
        "CREATE INDEX mine ON setting (value)",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE setting",
        "TRUNCATE setting",
        "ALTER TABLE setting ADD COLUMN mine int",
        "ALTER TABLE setting ALTER COLUMN value SET DEFAULT 'mine'",
        "ALTER TABLE setting ADD CONSTRAINT mine CHECK (true)",
        "ALTER TABLE setting SET (fillfactor = 50)",
        "CREATE TRIGGER mine BEFORE UPDATE ON setting EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER SEQUENCE person_id INCREMENT 2",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT SELECT ON setting TO PUBLIC",
        "ANALYZE",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    ],
)
def test_a_database_with_a_changed_definition_is_dropped(lender: Lender, statement: str) -> None:
    url = lender.lend()
    connected(url, lambda connection: connection.execute(statement))
    lender.take_back(url)
    assert lender.lend() != url
