"""Judges the health of devices anew when time alone has changed it: a report is late, an error is forgotten."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.devices.document import next_moment, status_end
from signfleet.fleet.health import inputs
from signfleet.fleet.health import store as queries
from signfleet.fleet.health.rules import judge
from signfleet.foundation.storage.interface import Row, Store, Transaction

#: So many devices are judged in one unit of work: what others want to write does not wait for all of them.
BATCH = 200


class Watch:
    """Looks after devices that do not report. Any number of processes may do this at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def judge_due(self, now: int) -> int:
        """Judge every device whose health is due (`now` in ms); says how many there were."""
        if await self._store.one(queries.ANY_DUE, now=now) is None:
            return 0
        total = 0
        while True:
            count = await self._judge_batch(now)
            total += count
            if count < BATCH:
                return total

    async def _judge_batch(self, now: int) -> int:
        async def work(tx: Transaction) -> int:
            judged = [_judge(row, now) for row in await tx.all(queries.DUE, now=now, limit=BATCH)]
            if judged:
                await tx.execute_many(queries.SET_HEALTH, judged)
                await tx.execute_many(queries.SET_STATUS_END, judged)
            return len(judged)

        return await self._store.write(work)


def _judge(row: Row, now: int) -> dict[str, Any]:
    """The parameters of both statements."""
    verdict = judge(
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
