"""Checks at the start whether a PostgreSQL database can be a store."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from signfleet.foundation.storage.postgres_address import connect

#: The start fails if the database does not answer within so many seconds.
CONNECT_SECONDS: Final = 10.0

_FACTS: Final = """
    SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num')::int AS version,
        current_setting('server_version') AS version_name, current_setting('transaction_read_only') = 'on' AS read_only,
        current_schema() AS schema, current_setting('search_path') AS search_path, current_user AS login,
        current_database() AS name, pg_backend_pid() AS pid
"""
_PID: Final = "SELECT pg_backend_pid()"
_MAY_CREATE: Final = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
OLDEST: Final = 150000
#: How often the check asks a session for its database process.
_ROUNDS: Final = 5


class UnsuitableDatabase(Exception):
    """The database cannot be a store; the message is a sentence and names what to do."""


async def connect_checked(url: str) -> Any:
    """Connects to a suitable database. Raises `UnsuitableDatabase`, `BadAddress` and asyncpg's errors."""
    # Without prepared statements: a pooler may hand them to another client.
    connection = await connect(url, seconds=CONNECT_SECONDS, statement_cache_size=0)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            facts = await connection.fetchrow(_FACTS)
            _refuse(facts)
            if facts["pid"] != connection.get_server_pid():
                await _refuse_transaction_pooler(url, connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _refuse(facts: Any) -> None:
    name, login = facts["name"], facts["login"]
    if facts["version"] < OLDEST:
        raise UnsuitableDatabase(f"it runs PostgreSQL {facts['version_name']}, and 15 or newer is needed.")
    if facts["encoding"] != "UTF8":
        raise UnsuitableDatabase(
            f"the database {name} has the encoding {facts['encoding']}, which lacks most characters. Create one with"
            f" CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )
    if facts["read_only"]:
        raise UnsuitableDatabase(
            f"the database {name} takes no writes: it is a standby, or default_transaction_read_only is on. Name the"
            " primary server."
        )
    if facts["schema"] is None:
        raise UnsuitableDatabase(
            f"the user {login} may use no schema of search_path ({facts['search_path']}) in the database {name}. Its"
            f' owner can run GRANT USAGE, CREATE ON SCHEMA public TO "{login}".'
        )


async def refuse_without_create(connection: Any) -> None:
    """Raises `UnsuitableDatabase` if the user may not create tables."""
    if await connection.fetchval(_MAY_CREATE):
        return
    facts = await connection.fetchrow(_FACTS)
    schema, login, name = facts["schema"], facts["login"], facts["name"]
    raise UnsuitableDatabase(
        f"the user {login} may not create tables in the schema {schema} of the database {name}; since PostgreSQL 15"
        f' only its owner may. Run ALTER DATABASE "{name}" OWNER TO "{login}", or as the owner GRANT CREATE ON SCHEMA'
        f' "{schema}" TO "{login}".'
    )


async def _refuse_transaction_pooler(url: str, connection: Any) -> None:
    """Raises `UnsuitableDatabase` if a pooler hands each transaction to another process of the database.

    A pooler reports a process id of its own, so the caller checks this only where the ids differ. A pooler in session
    mode, whose sessions have a process each, is suitable.
    """
    other = await connect(url, seconds=CONNECT_SECONDS, statement_cache_size=0)
    try:
        first = await connection.fetchval(_PID)
        for _ in range(_ROUNDS):
            async with other.transaction():
                theirs = await other.fetchval(_PID)
                if theirs == first:
                    break
                if await connection.fetchval(_PID) != first:
                    break
        else:
            return
    finally:
        other.terminate()
    raise UnsuitableDatabase(
        "a pooler in transaction mode answers there, which loses notifications of other servers' writes. Set `database`"
        " to PostgreSQL's own address, or one in session mode, and `database_pooler` to the pooler's."
    )
