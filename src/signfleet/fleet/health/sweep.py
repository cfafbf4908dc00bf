"""Re-evaluates health on a timer, when time alone changes it: overdue reports, aged errors."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.devices.document import next_moment, status_end
from signfleet.fleet.health import inputs
from signfleet.fleet.health import store as queries
from signfleet.fleet.health.rules import evaluate
from signfleet.foundation.storage.interface import Store, Transaction

#: How many devices one transaction evaluates, so that other writers do not wait for all of them.
BATCH = 200


class HealthSweep:
    """Evaluates devices that do not report. Any number of processes may run it at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, now: int) -> int:
        """Evaluates every device whose health is due at `now` (ms) and returns how many there were."""
        if await self._store.one(queries.ANY_DUE, now=now) is None:
            return 0
        total = 0
        while True:
            count = await self._run_batch(now)
            total += count
            if count < BATCH:
                return total

    async def _run_batch(self, now: int) -> int:
        async def work(tx: Transaction) -> int:
            evaluated = [_evaluate(row, now) for row in await tx.all(queries.LOCK_DUE, now=now, limit=BATCH)]
            if evaluated:
                await tx.execute_many(queries.SET_HEALTH, evaluated)
                await tx.execute_many(queries.SET_STATUS_END, evaluated)
            return len(evaluated)

        return await self._store.write(work)


def _evaluate(row: queries.DueDevice, now: int) -> dict[str, Any]:
    """Returns the parameters of both statements."""
    verdict = evaluate(
        now=now,
        reported=row.status_date,
        period=inputs.period(row.settings),
        last_error=row.last_error,
        storage=inputs.storage_health(row.status),
    )
    return {
        "in_network": row.network_id,
        "of_device": row.id,
        "new_health": verdict.health,
        "new_health_due_date": verdict.due,
        "changed": row.changed_date if verdict.health == row.health else next_moment(row, now),
        "new_end": status_end(verdict.health, row.status_date),
    }
