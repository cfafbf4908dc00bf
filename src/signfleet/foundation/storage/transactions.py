"""The order in which transactions become visible, as expressions for both stores.

PostgreSQL numbers its transactions when they begin to write, and they commit in any order: a reader that remembers the
highest number it has read would skip what a slower transaction with a lower number commits later. No transaction below
`running_from` runs any more that could write, so what these have written is complete for every *later* statement.
SQLite has one writer at a time; there the ids that a transaction takes have the order of the commits, and every
transaction has the number 0.

Whose transactions count: sessions of this database with a role that may insert events, but for those that have been
idle in their transaction for 90 seconds. Ours cannot be: PostgreSQL ends them after `IDLE_SECONDS`, which each
connection of a pool asks for. So a transaction in another database of the same server, an open session of a role that
only reads, or one that somebody has left open delays readers for no time, or for that time. If PostgreSQL hides what a
session does, every transaction counts.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles

#: PostgreSQL ends a session of ours that does nothing within its transaction for so long.
IDLE_SECONDS: Final = 60


#: `next` is above every transaction that has ended. A session shows its number without the upper 32 bits, which follow
#: from `next`, as the two are less than 2^31 apart. The statement's snapshot is older than what sessions show: whatever
#: is below `next` and no session shows has ended.
_RUNNING: Final = """(
    SELECT LEAST(now.next, CASE
        WHEN bool_or(session.query = '<insufficient privilege>') THEN now.oldest
        ELSE min(now.next - (((now.next - session.backend_xid::text::bigint + 2147483648) & 4294967295) - 2147483648))
    END)
    FROM (
        SELECT pg_snapshot_xmax(snapshot)::text::bigint AS next, pg_snapshot_xmin(snapshot)::text::bigint AS oldest
        FROM pg_current_snapshot() AS snapshot
    ) AS now
    LEFT JOIN pg_stat_activity AS session ON session.datname = current_database()
        AND has_table_privilege(session.usesysid, 'event'::regclass, 'INSERT')
        AND NOT coalesce(
            session.state LIKE 'idle in transaction%'
            AND session.state_change < clock_timestamp() - interval '90 seconds',
            FALSE
        )
    GROUP BY now.next, now.oldest
)"""


class this_transaction(ColumnElement[int]):
    """The number of the transaction that runs the statement."""

    inherit_cache = True
    type = BigInteger()


class running_from(ColumnElement[int]):
    """The lowest number of a transaction that may still run and write. To ask twice within one transaction is wrong."""

    inherit_cache = True
    type = BigInteger()


@compiles(this_transaction, "sqlite")
def _this_sqlite(_element: this_transaction, _compiler: Any, **_options: Any) -> str:
    return "0"


@compiles(this_transaction, "postgresql")
def _this_postgresql(_element: this_transaction, _compiler: Any, **_options: Any) -> str:
    return "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"


@compiles(running_from, "sqlite")
def _running_sqlite(_element: running_from, _compiler: Any, **_options: Any) -> str:
    return "1"


@compiles(running_from, "postgresql")
def _running_postgresql(_element: running_from, _compiler: Any, **_options: Any) -> str:
    return _RUNNING
