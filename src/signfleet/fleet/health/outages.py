"""Finds out why devices are not well, and what those that have fallen silent have in common."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Final, NamedTuple

from signfleet.fleet.devices.counts.service import DeviceCounts
from signfleet.fleet.devices.models.models import KNOWN_MODELS
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.health import outages_store as queries
from signfleet.fleet.health import overview_store as names
from signfleet.fleet.health.outages_store import Shared, SharedRow
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.text import fold
from signfleet.web.caller.session import Session

#: How many devices are compared, those that fell silent last.
LATEST: Final = 1000
#: How many values of each kind are compared, and how many are shown.
COMPARED: Final = 50
SHOWN: Final = 8
_MODELS: Final = {fold(model): model for model in KNOWN_MODELS}
#: The property by which lists of devices are filtered.
_PROPERTIES: Final[dict[Shared, str]] = {
    "place": "[settings].[location].[path]",
    "address": "[status].[network].[externalIp]",
    "group": "[settings].[group].[id]",
    "model": "[model]",
    "firmware": "[status].[firmware].[version]",
}


class OutageCluster(NamedTuple):
    """Silent devices that share a value; dates in ms. `devices` is how many have the value at all, None if unknown.

    Of more silent devices than `LATEST`, these are among those that fell silent last.
    """

    by: Shared
    name: str
    silent: int
    devices: int | None
    first: int
    last: int
    filter: str

    @property
    def weight(self) -> float:
        """Returns how telling it is: many devices, and most of those that have the value."""
        return self.silent / 2 if self.devices is None else self.silent**2 / max(self.devices, self.silent)


class Cause(NamedTuple):
    """Why how many devices have a health other than Normal; dates in ms."""

    health: str
    reason: str | None
    devices: int
    first: int
    last: int


class Outages:
    """Sums up what is wrong with the devices that the caller may see."""

    def __init__(self, store: Store, devices: Devices, counts: DeviceCounts) -> None:
        self._store = store
        self._devices = devices
        self._counts = counts
        self._queries = QueryCache()

    async def causes(self, session: Session) -> list[Cause]:
        """Returns why devices are not well, errors first, the most frequent cause first."""
        scope = await self._devices.scope(session)
        query = self._queries.get(("reasons", scope.name), lambda: queries.reasons(scope))
        rows = await self._store.scan_all(query, network_id=session.network, **scope.parameters)
        causes = [Cause(row.health, row.reason, row.devices, row.first, row.last) for row in rows]
        return sorted(causes, key=lambda cause: (cause.health, -cause.devices))

    async def clusters(self, session: Session, latest: int = LATEST) -> list[OutageCluster]:
        """Returns what silent devices share, the most telling first; it reads up to `latest` of them."""
        scope = await self._devices.scope(session)
        query = self._queries.get(("shared", scope.name), partial(queries.shared, scope))
        bounds = {"limit": latest, "count": COMPARED}
        rows = await self._store.scan_all(query, network_id=session.network, **bounds, **scope.parameters)
        found = list[OutageCluster]()
        for by, shared in groupby(rows, key=lambda row: row.by):
            found += await self._named(session, by, list(shared))
        return sorted(found, key=lambda cluster: -cluster.weight)[:SHOWN]

    async def _named(self, session: Session, by: Shared, rows: list[SharedRow]) -> list[OutageCluster]:
        words, keys, totals = {row.key: row.key for row in rows}, [row.key for row in rows], None
        if by == "group":
            ids = [int(key) for key in keys]
            groups = await self._store.scan_all(names.GROUPS, network_id=session.network, ids=ids)
            words = {str(group.id): group.name for group in groups}
            totals = await self._counts.totals(session, by, keys)
        elif by == "place":
            places = await self._store.scan_all(names.PLACES, network_id=session.network, keys=keys)
            words = {place.location_key: place.path for place in places}
            totals = await self._counts.totals(session, by, keys)
        elif by == "model":
            words = {key: _MODELS.get(key, key.upper()) for key in keys}
            totals = await self._counts.totals(session, by, keys)
        return [
            OutageCluster(
                by,
                words[row.key],
                row.silent,
                None if totals is None else max(totals.get(row.key, 0), row.silent),
                row.first,
                row.last,
                _filter(by, row.key, words[row.key]),
            )
            for row in rows
            if row.key in words
        ]


def _filter(by: Shared, key: str, word: str) -> str:
    value = key if by == "group" else "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
    return f"{_PROPERTIES[by]} IS {value}"
