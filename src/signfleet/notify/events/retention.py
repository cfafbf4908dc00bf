"""Deletes events after their retention."""

from __future__ import annotations

from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import DAY
from signfleet.notify.events import store as queries


class EventRetention:
    """Deletes events that are older than `days`."""

    def __init__(self, store: Store, days: int) -> None:
        self._store = store
        self._days = days

    async def sweep(self, now: int) -> None:
        before = now - self._days * DAY

        async def settle(tx: Transaction) -> None:
            await tx.execute(queries.SETTLE_RESTORED)

        async def delete(tx: Transaction) -> int:
            return await tx.execute(queries.DELETE_OLD, before=before)

        await self._store.write(settle)
        while await self._store.write(delete):
            pass
