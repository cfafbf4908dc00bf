"""Lends PostgreSQL databases with the content of a template to one test after another.

Copying a template takes longer than most tests. A returned database is reset instead: its rows and sequences become
those of the template, and open connections are terminated. If a test changed more than that, such as a definition, the
database is dropped, and the next test gets a new copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import asyncpg

from tests.postgres import Postgres

T = TypeVar("T")

#: Tests per database before a new copy replaces it: deleted rows cost space and time until a vacuum.
USES = 100

_TABLES = """
    SELECT relation.oid::regclass::text AS name,
           string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE attgenerated = '') AS columns
    FROM pg_class relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    GROUP BY relation.oid ORDER BY name"""
_SEQUENCES = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY relname"""

#: Catalogues in which each change of a definition, a right, a statistic or a setting leaves rows of a newer
#: transaction, with the column of object ids: PostgreSQL's own objects have lower ids and are ignored.
_CATALOGUES = {
    "pg_attrdef": "adrelid",
    "pg_attribute": "attrelid",
    "pg_class": "oid",
    "pg_constraint": "oid",
    "pg_index": "indexrelid",
    "pg_proc": "oid",
    "pg_rewrite": "oid",
    "pg_sequence": "seqrelid",
    "pg_statistic": "starelid",
    "pg_trigger": "oid",
    "pg_type": "oid",
}
_CHANGES = (
    *(f"{catalogue} WHERE {number} >= 16384" for catalogue, number in _CATALOGUES.items()),
    "pg_default_acl",
    "pg_extension",
    "pg_namespace",
    "pg_database WHERE datname = current_database()",
    "pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
)
_DEFINITION = "SELECT concat_ws(' ', {})".format(
    ", ".join(f"(SELECT (count(*), sum(xmin::text::bigint)) FROM {rows})" for rows in _CHANGES)
)

_END_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


class _Lent(NamedTuple):
    url: str
    connection: Any
    #: The state of its catalogues after the copy.
    definition: str
    uses: int = 0


class Lender:
    """Lends databases like `template`; reuses returned ones."""

    def __init__(self, postgres: Postgres, template: str) -> None:
        self._postgres, self.template = postgres, template
        self._loop = asyncio.new_event_loop()
        self._idle: list[_Lent] = []
        self._lent: dict[str, _Lent] = {}
        self._emptying = self._run(_emptying, postgres.url(template))

    def lend(self) -> str:
        """Lends a database like the template to one test; returns its URL."""
        database = self._idle.pop() if self._idle else self._copy()
        self._lent[database.url] = database
        return database.url

    def take_back(self, url: str) -> None:
        """Resets the database for the next test, or drops it if a reset is not enough."""
        database = self._lent.pop(url)
        if self._loop.run_until_complete(self._emptied(database)):
            self._idle.append(database._replace(uses=database.uses + 1))
        else:
            self._drop(database)

    def close(self) -> None:
        """Drops the databases and ends the connections to them."""
        for database in (*self._idle, *self._lent.values()):
            self._drop(database)
        self._loop.close()

    def _copy(self) -> _Lent:
        url = self._postgres.create(self.template)
        connection = self._loop.run_until_complete(asyncpg.connect(url))
        return _Lent(url, connection, self._loop.run_until_complete(connection.fetchval(_DEFINITION)))

    def _drop(self, database: _Lent) -> None:
        database.connection.terminate()
        self._loop.run_until_complete(asyncio.sleep(0))  # the loop closes the socket in its next turn
        self._postgres.drop(database.url)

    async def _emptied(self, database: _Lent) -> bool:
        connection = database.connection
        if database.uses >= USES or connection.is_closed():
            return False
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            for _ in range(10_000):
                if not await connection.fetchval(_END_OTHERS):
                    break
                await asyncio.sleep(0.001)
            else:
                return False
            if await connection.fetchval(_DEFINITION) != database.definition:
                return False
            await connection.execute(self._emptying)
            return True
        return False

    def _run(self, work: Callable[[Any], Awaitable[T]], url: str) -> T:
        async def connected() -> T:
            connection = await asyncpg.connect(url)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return self._loop.run_until_complete(connected())


async def _emptying(template: Any) -> str:
    """Returns the statements that reset tables and sequences to the content of the template."""
    statements = ["SET LOCAL session_replication_role = replica"]  # skips foreign key checks
    for table, columns in await template.fetch(_TABLES):
        statements.append(f"DELETE FROM {table}")
        rows = await template.fetchval(f"SELECT quote_literal(json_agg({table})) FROM {table}")
        if rows is not None:
            statements.append(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, {rows})"
            )
    for (sequence,) in await template.fetch(_SEQUENCES):
        statements.append(
            await template.fetchval(
                f"SELECT format('SELECT setval(''{sequence}'', %s, %L)', last_value, is_called) FROM {sequence}"
            )
        )
    return "; ".join(["BEGIN", *statements, "COMMIT"])
