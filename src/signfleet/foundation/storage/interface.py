"""What the rest of the program sees of a store.

Two ways to read: `one` and `all` for short look-ups by an index, `scan_all` for statements that may visit many rows.
One way to write: `write` takes a unit of work, an async function of a `Transaction`, and returns its result once it is
on disk. A unit of work awaits its transaction and nothing else, and has no other effects: after a conflict it runs
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.wakeups import Topic

T = TypeVar("T")
R = TypeVar("R")
#: A row of a query that names no protocol: a named tuple of the query's columns.
Row = Any


class StorageError(Exception):
    """The store failed: full disk, lost connection. The unit of work is rolled back."""


class Duplicate(Exception):
    """A row with this key exists already. The unit of work is rolled back."""


UnitOfWork: TypeAlias = "Callable[[Transaction], Awaitable[T]]"


class Transaction(Protocol):
    """What a unit of work reads and writes with."""

    #: True where no other transaction writes until this one ends: rows need no lock to stay as they were read.
    alone: bool

    async def one(self, query: Query[R], **params: Any) -> R | None: ...

    async def all(self, query: Query[R], **params: Any) -> list[R]: ...

    async def scan_all(self, query: Query[R], **params: Any) -> list[R]:
        """Does what `all` does: a transaction stays in its thread or connection."""
        ...

    async def execute(self, query: Query, **params: Any) -> int:
        """Runs a statement. Returns how many rows it changed."""
        ...

    async def execute_many(self, query: Query, rows: Sequence[dict[str, Any]]) -> None: ...

    async def nested(self, work: UnitOfWork[T]) -> T:
        """Runs a part of this unit of work. If it raises, only what it has written is rolled back."""
        ...

    async def next_id(self, sequence: str) -> int:
        """Returns a new id; `sequence` is one of `tables.SEQUENCES`."""
        ...

    async def next_ids(self, sequence: str, count: int) -> Sequence[int]:
        """Returns `count` new ids, ascending."""
        ...

    def announce(self, topic: Topic) -> None:
        """Wakes who listens to the topic, here and in other processes, once the transaction is committed."""
        ...


class StoreMeasures(NamedTuple):
    """How a store does; None for what the other kind of store has."""

    size: int
    #: Units of work that wait for the writer of SQLite, and how many it has written, in how many commits.
    writes_waiting: int | None = None
    writes: int | None = None
    batches: int | None = None
    #: Connections to PostgreSQL: open, open and idle, and how many may be open.
    connections: int | None = None
    idle_connections: int | None = None
    connections_limit: int | None = None


class Store(Protocol):
    """One of `SqliteStore` and `PostgresStore`."""

    #: "sqlite" or "postgresql"
    dialect: str

    async def one(self, query: Query[R], **params: Any) -> R | None: ...

    async def all(self, query: Query[R], **params: Any) -> list[R]: ...

    async def scan_all(self, query: Query[R], **params: Any) -> list[R]: ...

    async def write(self, work: UnitOfWork[T]) -> T: ...

    def version(self) -> int:
        """Returns a number that changes whenever anything may have been written, here or in another process."""
        ...

    def listening(self, *topics: Topic) -> AbstractContextManager[asyncio.Event]:
        """Yields an event that is set whenever a topic may have been announced: `wakeups` has an example."""
        ...

    async def has_neighbours(self) -> bool:
        """Returns whether another process may serve from this store: False only if none has shown itself lately."""
        ...

    async def measures(self) -> StoreMeasures:
        """Returns numbers that show how the store does, for metrics."""
        ...

    async def close(self) -> None: ...
