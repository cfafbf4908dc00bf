"""Re-evaluates health on a timer, when time alone changes it: overdue reports, aged errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from signfleet.fleet.devices.document import next_moment, reported_part, status_json
from signfleet.fleet.health import inputs
from signfleet.fleet.health import store as queries
from signfleet.fleet.health.changes import write_changes
from signfleet.fleet.health.limits import HealthLimits
from signfleet.fleet.health.listening import Listening
from signfleet.fleet.health.rules import Outage, Verdict, evaluate
from signfleet.foundation.storage.interface import Store, Transaction

#: How many devices one transaction evaluates, so that other writers wait for a few milliseconds. After an outage or a
#: night, a whole fleet may be due at once.
BATCH = 15


class HealthSweep:
    """Evaluates devices that do not report. Any number of processes may run it at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listening = Listening(store)
        self._limits = HealthLimits(store)

    async def run(self, now: int) -> int:
        """Evaluates every device whose health is due at `now` (ms) and returns how many there were."""
        outages = await self._listening.renew(now)
        await self._limits.make_due(now)
        if await self._store.one(queries.ANY_DUE, now=now) is None:
            return 0
        total = 0
        while True:
            began = time.monotonic()
            count = await self._run_batch(now, outages)
            total += count
            if count < BATCH:
                return total
            await asyncio.sleep(time.monotonic() - began)  # the turn of other writers

    async def _run_batch(self, now: int, outages: Sequence[Outage]) -> int:
        async def work(tx: Transaction) -> int:
            found = [
                (row, _evaluate(row, now, outages)) for row in await tx.all(queries.LOCK_DUE, now=now, limit=BATCH)
            ]
            if found:
                await tx.execute_many(queries.SET_DUE, [_due(row, verdict, now) for row, verdict in found])
                await write_changes(tx, found, now)
            return len(found)

        return await self._store.write(work)


def _evaluate(row: queries.DueDevice, now: int, outages: Sequence[Outage]) -> Verdict:
    limits = inputs.read_limits(row.limits)
    return evaluate(
        now=now,
        reported=row.status_date,
        period=inputs.period(row.settings),
        concerns=inputs.concerns(row, limits),
        error=inputs.last_error(row),
        limits=limits,
        outages=outages,
    )


def _due(row: queries.DueDevice, verdict: Verdict, now: int) -> dict[str, Any]:
    assert row.status is not None  # only devices that have reported are due
    return {
        "in_network": row.network_id,
        "of_device": row.id,
        "new_health_due_date": verdict.due,
        "changed": row.changed_date if verdict.health == row.health else next_moment(row, now),
        "new_status": status_json(reported_part(row.status), verdict.health, row.status_date),
    }
