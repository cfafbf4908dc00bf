"""Reads events after a position, each exactly once, however late a transaction commits.

On PostgreSQL transactions commit in another order than they take ids:

    transaction 90   takes id 1 …………………………………… commits
    transaction 91      takes id 2, commits
    reader                            reads 2     reads 1?

A reader that remembered the id 2 would never see 1. So events have the order (transaction, id), and a reader asks where
the oldest transaction is that still runs and may write events (`foundation.storage.transactions`), then reads up to
there: above it waits until 90 has committed, then reads 1 and 2. Such a wait is as long as the transaction, and
`Batch.is_pending` says that it is worth reading again soon: the transaction may announce nothing.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from signfleet.foundation.storage.interface import Store
from signfleet.notify.events import store as queries
from signfleet.notify.events.store import EventRow

#: Seconds after which to read again what was pending.
PENDING_SECONDS: Final = 0.05
_TEXT: Final = re.compile(r"(\d{1,18})-(\d{1,18})")
_LAST_ID: Final = 2**62


class Position(NamedTuple):
    """A place in the order of events: after one event, or before all."""

    transaction_id: int
    id: int

    def __str__(self) -> str:
        return f"{self.transaction_id}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Reads what `str` wrote. Raises `ValueError`."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError("expected the id of an event as a stream has sent it, such as '0-17'")
        return cls(int(found[1]), int(found[2]))


class Batch(NamedTuple):
    """Events in their order, and the position after them."""

    events: list[EventRow]
    position: Position
    #: Whether events are written that cannot be read yet: read again after `PENDING_SECONDS`.
    is_pending: bool


def position_of(row: EventRow) -> Position:
    return Position(row.transaction_id, row.id)


async def read_after(store: Store, network_id: int | None, after: Position, limit: int = 500) -> Batch:
    """Reads the next events of a network, or of all networks."""
    last = await end(store)
    where = {"transaction_id": after.transaction_id, "id_": after.id, "limit": limit}
    if network_id is None:
        rows = await store.all(queries.READ_ALL_AFTER, **where)
    else:
        rows = await store.all(queries.READ_AFTER, **where, network_id=network_id)
    settled = [row for row in rows if position_of(row) <= last]
    return Batch(settled, position_of(settled[-1]) if settled else after, len(settled) < len(rows))


async def end(store: Store) -> Position:
    """Returns the position after everything that can be read by a statement from now on, in all networks."""
    row = await store.one(queries.END)
    assert row is not None
    if row.running_from > 1:
        return Position(row.running_from - 1, _LAST_ID)
    return Position(0, row.id or 0)


async def resume(store: Store, position: Position) -> Position:
    """Returns where to continue after a position that a client has stored.

    The store may have been restored into another database since, whose transactions have other numbers; the ids of
    events stay.
    """
    last = await end(store)
    return position if position.transaction_id <= last.transaction_id else Position(0, position.id)
