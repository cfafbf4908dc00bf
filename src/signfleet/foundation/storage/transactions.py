"""The order in which transactions become visible, as expressions for both stores.

PostgreSQL numbers its transactions when they begin to write, and they commit in any order: a reader that remembers the
highest number it has read would skip what a slower transaction with a lower number commits later. No transaction below
`running_from` runs any more, so what these have written is complete. SQLite has one writer at a time; there the ids
that a transaction takes have the order of the commits, and every transaction has the number 0.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles


class this_transaction(ColumnElement[int]):
    """The number of the transaction that runs the statement."""

    inherit_cache = True
    type = BigInteger()


class running_from(ColumnElement[int]):
    """The lowest number of a transaction that may still run."""

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
    return "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)"
