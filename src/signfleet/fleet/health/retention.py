"""Deletes the earlier healths of devices after their retention."""

from __future__ import annotations

from signfleet.fleet.health import store as queries
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import DAY


class HealthRetention:
    """Deletes periods that ended more than `days` ago. The totals of later ones stay right."""

    def __init__(self, store: Store, days: int) -> None:
        self._store = store
        self._days = days

    async def sweep(self, now: int) -> None:
        before = now - self._days * DAY

        async def work(tx: Transaction) -> int:
            return await tx.execute(queries.DELETE_OLD_PERIODS, before=before)

        while await self._store.write(work):
            pass
