"""Knows when no server could hear reports, so that the silence of players is not held against them.

All servers of an installation renew one row of the store. A server that finds that it was not renewed for long writes
an outage: no server ran, the machine slept, the process was stopped, or the database was away. Meanwhile no report
could be stored.
"""

from __future__ import annotations

from typing import Final

from signfleet.fleet.health import listening_store as queries
from signfleet.fleet.health.rules import Outage
from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import DAY, MINUTE, SECOND

#: How often the row is renewed, and after how long without that there was an outage, in ms.
RENEWED_AFTER: Final = 30 * SECOND
OUTAGE_AFTER: Final = 2 * MINUTE
#: How long outages are stored: longer than the period of any player.
MEMORY: Final = 400 * DAY


class Listening:
    """The times in which reports could arrive. Any number of processes may renew it at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def renew(self, now: int) -> list[Outage]:
        """Notes that this server hears reports at `now` (ms), and returns the outages, the first one first."""
        # A testing server's leap in time is no outage: the row has the system's time.
        present = now - clock.ahead()
        row = await self._store.one(queries.HEARTBEAT)
        if row is None or abs(present - row.date) >= RENEWED_AFTER:
            await self._store.write(lambda tx: _renew(tx, present, now))
        return await read_outages(self._store)


async def read_outages(store: Store) -> list[Outage]:
    """Returns the outages, the first one first."""
    return [Outage(outage.began, outage.ended) for outage in await store.all(queries.OUTAGES)]


async def _renew(tx: Transaction, present: int, now: int) -> None:
    await tx.execute(queries.INSERT_HEARTBEAT, date=present, counted_date=now)
    row = await tx.one(queries.LOCK_HEARTBEAT)
    assert row is not None
    silence = present - row.date
    if silence >= OUTAGE_AFTER:
        await tx.execute(queries.INSERT_OUTAGE, began=now - silence, ended=now)
        await tx.execute(queries.DELETE_OUTAGES, before=now - MEMORY)
    await tx.execute(queries.RENEW, new_date=present)
