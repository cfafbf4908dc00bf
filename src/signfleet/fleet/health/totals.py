"""Counts the time that all devices of a network, and of each group, spend in each health.

A sample every few minutes adds the maintained counts, times the time since the last sample, to running totals; the
totals of an hour stay when the next hour begins. The uptime over a window is the difference of two totals: two
look-ups for each group, however many devices it has. A change of health counts from the next sample on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

from signfleet.fleet.health import overview_store as queries
from signfleet.fleet.health.listening import read_outages
from signfleet.fleet.health.rules import Outage
from signfleet.fleet.health.schemas import UptimeShares
from signfleet.fleet.health.uptime import WINDOWS, Totals, share
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE

#: What the totals of a whole network have as the id of a group.
NETWORK: Final = 0
SAMPLED_AFTER: Final = 4 * MINUTE
#: How long totals are stored: as long as the longest window, and a little more.
MEMORY: Final = 32 * DAY
#: How many groups one transaction writes.
BATCH: Final = 100


class HealthTotals:
    """Adds up the totals of all networks. Any number of processes may do so at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sample(self, now: int) -> None:
        """Adds the time since the last sample, without outages, and deletes old totals; `now` is in ms."""
        since = await self._store.write(partial(_claim, now=now))
        if since is None:
            return
        time = now - since - _overlap(since, now, await read_outages(self._store))
        rows = await self._store.scan_all(queries.PRESENT_COUNTS)
        for network_id, counts in groupby(rows, key=lambda row: row.network_id):
            groups = list(_by_group(counts).items())
            for start in range(0, len(groups), BATCH):
                some = dict(groups[start : start + BATCH])
                await self._store.write(
                    partial(_add, network_id=network_id, counts=some, time=time, since=since, now=now)
                )

        async def delete(tx: Transaction) -> int:
            return await tx.execute(queries.DELETE_OLD_TOTALS, before=now - MEMORY)

        while await self._store.write(delete):
            pass


async def read_shares(store: Store, network_id: int, groups: Iterable[int], now: int) -> dict[int, UptimeShares]:
    """Returns the uptime of some groups, or `NETWORK`, in each window that ends at `now` (ms)."""
    ids = [str(id_) for id_ in groups]

    async def totals(moment: int) -> dict[int, Totals]:
        rows = await store.scan_all(queries.TOTALS_AT, network_id=network_id, ids=ids, moment=moment)
        return {row.group_id: Totals(row.normal, row.warning, row.error) for row in rows}

    present = await totals(now)
    before = {name: await totals(now - length) for name, length in WINDOWS.items()}
    return {
        id_: UptimeShares(**{name: share(whole - before[name].get(id_, whole)) for name in WINDOWS})
        for id_, whole in present.items()
    }


async def _claim(tx: Transaction, *, now: int) -> int | None:
    """Returns up to when the totals count, and moves that to now; None if that is no time ago."""
    row = await tx.one(queries.LOCK_COUNTED)
    if row is None or 0 <= now - row.counted_date < SAMPLED_AFTER:
        return None
    await tx.execute(queries.SET_COUNTED, new_date=now)
    return row.counted_date if row.counted_date < now else None


def _overlap(since: int, until: int, outages: Sequence[Outage]) -> int:
    return sum(max(min(outage.ended, until) - max(outage.began, since), 0) for outage in outages)


def _by_group(counts: Iterable[queries.PresentCount]) -> dict[int, Totals]:
    found: dict[int, Totals] = {}
    for row in counts:
        group_id = int(row.key) if row.key else NETWORK
        found[group_id] = found.get(group_id, Totals()).plus(row.health, row.total)
    return found


async def _add(tx: Transaction, *, network_id: int, counts: dict[int, Totals], time: int, since: int, now: int) -> None:
    ids = [str(id_) for id_ in counts]
    last = {row.group_id: row for row in await tx.all(queries.TOTALS_AT, network_id=network_id, ids=ids, moment=now)}
    inserted: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for group_id, count in counts.items():
        row = last.get(group_id)
        if row is not None and row.date > since:  # another process has sampled meanwhile
            continue
        old = Totals(row.normal, row.warning, row.error) if row else Totals()
        new = Totals(*(before + devices * time for before, devices in zip(old, count, strict=True)))
        if row is None:  # windows begin at a total
            inserted.append({"network_id": network_id, "group_id": group_id, "date": since, **Totals()._asdict()})
        if row is not None and row.date // HOUR == now // HOUR:
            moved.append(
                {
                    "in_network": network_id,
                    "of_group": group_id,
                    "last_date": row.date,
                    "new_date": now,
                    **{f"new_{name}": value for name, value in new._asdict().items()},
                }
            )
        else:
            inserted.append({"network_id": network_id, "group_id": group_id, "date": now, **new._asdict()})
    if inserted:
        await tx.execute_many(queries.INSERT_TOTALS, inserted)
    if moved:
        await tx.execute_many(queries.MOVE_TOTALS, moved)
