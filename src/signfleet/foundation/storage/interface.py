"""What the rest of the program sees of a store.

Two ways to read: `one` and `all` for short, indexed look-ups; `scan_all` for what may have to look at many
rows. One way to write: `write` takes a unit of work, an async function of a `Transaction`, and returns its
result once it is on disk. A unit of work awaits its transaction and nothing else; after a conflict it is run again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from signfleet.foundation.storage.query import Query

T = TypeVar("T")
R = TypeVar("R")
#: A row of a query that names no protocol: a named tuple of the query's columns.
Row = Any


class StorageError(Exception):
    """The store could not do its work: full disk, lost connection. Nothing of the unit of work was kept."""


class Duplicate(Exception):
    """A row with that key exists already. The unit of work is rolled back."""


class Transaction(Protocol):
    """The inside of a unit of work."""

    #: Nobody else writes until it ends: what it has read stays true without being locked.
    alone: bool

    async def one(self, query: Query[R], **params: Any) -> R | None: ...

    async def all(self, query: Query[R], **params: Any) -> list[R]: ...

    async def execute(self, query: Query, **params: Any) -> int:
        """Run a statement; returns how many rows it touched."""
        ...

    async def execute_many(self, query: Query, rows: Sequence[dict[str, Any]]) -> None: ...

    async def next_id(self, sequence: str) -> int:
        """A new id; `sequence` is one of `tables.SEQUENCES`."""
        ...

    async def next_ids(self, sequence: str, count: int) -> Sequence[int]:
        """`count` new ids, ascending."""
        ...


UnitOfWork = Callable[[Transaction], Awaitable[T]]


class Store(Protocol):
    """One of `SqliteStore` and `PostgresStore`."""

    #: "sqlite" or "postgresql"
    dialect: str

    async def one(self, query: Query[R], **params: Any) -> R | None: ...

    async def all(self, query: Query[R], **params: Any) -> list[R]: ...

    async def scan_all(self, query: Query[R], **params: Any) -> list[R]: ...

    async def write(self, work: UnitOfWork[T]) -> T: ...

    def version(self) -> int:
        """A number that differs from the last one when anything may have changed, here or in another process."""
        ...

    async def close(self) -> None: ...
