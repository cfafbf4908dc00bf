"""Counts devices by health, group and model without reading them, and maintains the counts."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import NamedTuple, cast

from signfleet.fleet.devices.counts import store as queries
from signfleet.fleet.devices.counts.cached import CountedResults
from signfleet.fleet.devices.counts.store import By, ChangeRow, MissingCountRow
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.types import Health
from signfleet.web.caller.session import Session

#: How many changes one transaction adds up, so that other writers do not wait for all of them.
BATCH = 500
#: How many counts are cached.
CACHED = 50_000


class DeviceCount(NamedTuple):
    """How many devices of a key, such as a group's id as text, have a health."""

    key: str
    health: Health
    total: int


class DeviceCounts:
    """Counts the devices that a caller may see. The time does not depend on how many devices there are.

    It depends on how many keys there are, and for a caller with permissions on single devices on how many of those.
    """

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices
        self._queries = QueryCache()
        self._cached: CountedResults[list[DeviceCount]] = CountedResults(store, CACHED)

    async def by_health(self, session: Session) -> dict[Health, int]:
        """Returns how many devices have each health; a health that no device has is missing."""
        return {count.health: count.total for count in await self._counts(session, "network")}

    async def by_group(self, session: Session) -> list[DeviceCount]:
        """Returns the counts of each group, by its id as text and by health; groups without devices are missing."""
        return await self._counts(session, "group")

    async def by_model(self, session: Session) -> list[DeviceCount]:
        """Returns the counts of each model, by its folded name and by health."""
        return await self._counts(session, "model")

    async def by_place(self, session: Session) -> list[DeviceCount]:
        """Returns the counts of each place, by its folded path and by health."""
        return await self._counts(session, "place")

    async def totals(self, session: Session, by: By, keys: list[str]) -> dict[str, int]:
        """Returns how many devices each of some keys has; one that none has is missing."""
        scope = await self._devices.scope(session)
        query = self._queries.get(("totals", by, scope.name), partial(queries.totals, by, scope))
        rows = await self._store.scan_all(query, network_id=session.network, keys=keys, **scope.parameters)
        return {row.key: row.total for row in rows if row.total}

    async def _counts(self, session: Session, by: By) -> list[DeviceCount]:
        scope = await self._devices.scope(session)
        read = partial(self._read, session.network, by, scope)
        return await read() if scope.conditions else await self._cached.get(session.network, by, read)

    async def _read(self, network_id: int, by: By, scope: Scope) -> list[DeviceCount]:
        query = self._queries.get((by, scope.name), partial(queries.counts, by, scope))
        rows = await self._store.scan_all(query, network_id=network_id, **scope.parameters)
        return [DeviceCount(row.key, cast(Health, row.health), row.total) for row in rows]


class MaintainedCounts:
    """Adds the changes up, and checks the counts. Any number of processes may do so at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add_up(self) -> None:
        """Adds all changes to the counts."""
        if await self._store.one(queries.ANY_CHANGE) is not None:
            while await self._store.write(_add_batch) == BATCH:
                pass

    async def missing(self) -> list[MissingCountRow]:
        """Returns what the counts lack; nothing if they are right. Reads all devices."""
        return [row for query in queries.MISSING for row in await self._store.scan_all(query)]

    async def correct(self) -> None:
        """Makes the counts right again. Reads all devices, in one transaction for each kind of counts."""
        for query in (*queries.CORRECT, queries.DELETE_EMPTY):
            await self._store.write(partial(_execute, query))
        for row in await self._store.scan_all(queries.NETWORKS):
            await self._store.write(partial(_renew, row.network_id))


async def _execute(query: Query, tx: Transaction) -> None:
    await tx.execute(query)


async def _renew(network_id: int, tx: Transaction) -> None:
    """Changes the version of the counts, so that nobody uses what follows from the wrong ones."""
    await counters.add(tx, network_id, counters.COUNTED_CHANGES, 1)


async def _add_batch(tx: Transaction) -> int:
    rows = await tx.all(queries.LOCK_CHANGES, limit=BATCH)
    if rows:
        totals: Counter[tuple[int, str, str, str]] = Counter()
        for row in rows:
            for by, key in _keys(row):
                totals[row.network_id, by, key, row.health] += row.change
        # In the order of their keys, so that two processes never wait for each other.
        changed = [
            {"network_id": network_id, "by": by, "key": key, "health": health, "total": total}
            for (network_id, by, key, health), total in sorted(totals.items())
            if total
        ]
        await tx.execute_many(queries.ADD, changed)
        for network_id, number in sorted(Counter(row.network_id for row in rows).items()):
            await counters.add(tx, network_id, counters.COUNTED_CHANGES, number)
        await tx.execute(queries.DELETE_CHANGES, ids=[row.id for row in rows])
    return len(rows)


def _keys(row: ChangeRow) -> list[tuple[By, str]]:
    keys: list[tuple[By, str]] = [("network", ""), ("group", str(row.group_id)), ("model", row.model_key)]
    return keys if row.location_key is None else [*keys, ("place", row.location_key)]
