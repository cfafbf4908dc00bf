"""Which process evaluates: one at a time, for as long as its lease lasts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.store import Reader
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire.timespan import SECOND
from signfleet.notify.events import reading

NAME: Final = "alerts"
#: If a process dies, another one takes over after this time, in ms.
LEASE: Final = 30 * SECOND


class LeaseLost(Exception):
    """Another process evaluates now."""


class Lease:
    """The right of this process to evaluate alerts. Every transaction of the evaluation checks it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._me = uuid4().hex
        self._until = 0

    async def renew(self, now: int) -> bool:
        """Returns whether this process evaluates; the first one ever begins after the events that there are."""
        if now < self._until - LEASE // 2:
            return True
        if await self._store.one(queries.READER, reader=NAME) is None:
            await self._begin()
        params = {"reader": NAME, "me": self._me, "now": now, "until": now + LEASE}
        is_mine = await self._store.write(lambda tx: tx.execute(queries.LEASE, **params)) == 1
        self._until = now + LEASE if is_mine else 0
        return is_mine

    async def reader(self) -> Reader:
        """Returns how far the events were read. Raises `LeaseLost`."""
        row = await self._store.one(queries.READER, reader=NAME)
        if row is None or row.owner != self._me:
            self._until = 0
            raise LeaseLost
        return row

    async def write(self, work: Callable[[Transaction, Reader], Awaitable[None]]) -> None:
        """Runs a unit of work, if this process still evaluates. Raises `LeaseLost`."""

        async def guarded(tx: Transaction) -> bool:
            row = await tx.one(queries.LOCK_MINE, reader=NAME, me=self._me)
            if row is not None:
                await work(tx, row)
            return row is not None

        if not await self._store.write(guarded):
            self._until = 0
            raise LeaseLost

    async def advance(self, tx: Transaction, position: reading.Position) -> None:
        """Notes in a unit of work how far events were read."""
        params = {"new_transaction_id": position.transaction_id, "new_event_id": position.id}
        await tx.execute(queries.ADVANCE, reader=NAME, me=self._me, **params)

    async def _begin(self) -> None:
        position = await reading.end(self._store)

        async def work(tx: Transaction) -> None:
            await tx.execute(
                queries.INSERT_READER,
                name=NAME,
                transaction_id=position.transaction_id,
                event_id=position.id,
                owner=None,
                lease_until=0,
            )

        try:
            await self._store.write(work)
        except Duplicate:
            return
