"""The SQL of regions: one pass over the devices of a path, grouped by place in the store."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final, Protocol, get_args

from sqlalchemy import and_, bindparam, case, func, select

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.store import NETWORK_ID
from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, location
from signfleet.foundation.wire.types import Health

#: How many compiled statements are cached.
CACHE_SIZE = 256

HEALTHS: Final[tuple[Health, ...]] = get_args(Health)

_BELOW = and_(
    device.c.network_id == NETWORK_ID,
    device.c.location_key >= bindparam("start", type_=device.c.location_key.type),
    device.c.location_key < bindparam("end", type_=device.c.location_key.type),
)


class RegionRow(Protocol):
    """A place, the box around its devices, and how many they are; a column for each health is above 0 if one has it."""

    path: str
    document: str
    south: float | None
    north: float | None
    west: float | None
    east: float | None
    devices: int


class RegionQueries:
    """Reads the regions below a path, given as a folded key that ends with a slash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cached: OrderedDict[tuple[Any, ...], Query] = OrderedDict()

    async def exists(self, network_id: int, key: str, scope: Scope) -> bool:
        """Checks whether any device that the scope admits stands there."""
        query = self._query(("exists", scope.name), lambda: _exists(scope))
        return bool(await self._store.scan_all(query, network_id=network_id, **_range(key), **scope.parameters))

    async def regions(self, network_id: int, key: str, filter: Filter | None, scope: Scope) -> list[RegionRow]:
        """Returns a row for each place with devices that scope and filter admit, in the order of the places' keys.

        A row has the place's `path` and `document`, the box around its devices, their number, and for each health a
        number that is above 0 if a device has that health.
        """
        query = self._query(("regions", filter, scope.name), lambda: _regions(filter, scope))
        return await self._store.scan_all(query, network_id=network_id, **_range(key), **scope.parameters)

    def _query(self, name: tuple[Any, ...], build: Any) -> Query:
        query = self._cached.get(name)
        if query is None:
            query = self._cached[name] = Query(build())
            if len(self._cached) > CACHE_SIZE:
                self._cached.popitem(last=False)
        return query


def _range(key: str) -> dict[str, str]:
    """Returns the range of the keys that begin with `key`, which ends with a slash: `/US/` up to `/US0`."""
    return {"start": key, "end": key[:-1] + chr(ord("/") + 1)}


def _exists(scope: Scope) -> Any:
    return select(device.c.id).where(_BELOW, *scope.conditions).limit(1)


def _regions(filter: Filter | None, scope: Scope) -> Any:
    places = (
        select(
            device.c.network_id,
            device.c.location_key,
            func.min(device.c.gps_latitude).label("south"),
            func.max(device.c.gps_latitude).label("north"),
            func.min(device.c.gps_longitude).label("west"),
            func.max(device.c.gps_longitude).label("east"),
            func.count().label("devices"),
            *(func.max(case((device.c.health == health, 1), else_=0)).label(health.lower()) for health in HEALTHS),
        )
        .select_from(DEVICES.columns.source(flat=filter is not None and filter.uses_flat))
        .where(_BELOW, *scope.conditions)
        .group_by(device.c.network_id, device.c.location_key)
    )
    if filter is not None:
        places = places.where(filter.clause)
    found = places.subquery()
    same = and_(location.c.network_id == found.c.network_id, location.c.location_key == found.c.location_key)
    return (
        select(found, location.c.path, location.c.document)
        .select_from(found.join(location, same))
        .order_by(found.c.location_key)
    )
