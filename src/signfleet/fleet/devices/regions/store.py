"""The SQL of regions: maintained counts and the ends of two indexes; with a filter, one pass over the devices."""

from __future__ import annotations

from typing import Any, Final, Protocol, get_args

from sqlalchemy import BigInteger, ColumnElement, FromClause, UnaryExpression, and_, bindparam, case, cast, func, select

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.counts.store import visible
from signfleet.fleet.devices.store import NETWORK_ID
from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import Key, device, location
from signfleet.foundation.wire.types import Health

HEALTHS: Final[tuple[Health, ...]] = get_args(Health)

#: No coordinate, in degrees, is as large.
_BEYOND: Final = 1000.0


def _below(key: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(key >= bindparam("start", type_=Key), key < bindparam("end", type_=Key))


_BELOW = and_(device.c.network_id == NETWORK_ID, _below(device.c.location_key))
#: Below the root: without a range, which would take the index of places instead of one that serves the filter.
_ANYWHERE = and_(device.c.network_id == NETWORK_ID, device.c.location_key.is_not(None))


class RegionRow(Protocol):
    """A place, the box around its devices, and how many they are, in all and of each health."""

    path: str
    document: str
    south: float | None
    north: float | None
    west: float | None
    east: float | None
    devices: int
    normal: int
    warning: int
    error: int
    unknown: int


class RegionQueries:
    """Reads the regions below a path, given as a folded key that ends with a slash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queries = QueryCache()

    async def exists(self, network_id: int, key: str, scope: Scope) -> bool:
        """Checks whether any device that the scope admits stands there."""
        query = self._queries.get(("exists", scope.name), lambda: Query(_exists(scope)))
        return bool(await self._store.scan_all(query, network_id=network_id, **_range(key), **scope.parameters))

    async def regions(self, network_id: int, key: str, filter: Filter | None, scope: Scope) -> list[RegionRow]:
        """Returns a row for each place with devices that scope and filter admit, in the order of the places' keys.

        A row has the place's `path` and `document`, the box around its devices, and their number in all and of each
        health.
        """
        counted, anywhere = filter is None and not _is_narrow(scope), key == "/"
        query = self._queries.get(
            ("regions", filter, scope.name, anywhere),
            lambda: Query(
                _maintained(scope) if counted else _regions(filter, scope, _ANYWHERE if anywhere else _BELOW)
            ),
        )
        return await self._store.scan_all(query, network_id=network_id, **_range(key), **scope.parameters)


def _range(key: str) -> dict[str, str]:
    """Returns the range of the keys that begin with `key`, which ends with a slash: `/US/` up to `/US0`."""
    return {"start": key, "end": key[:-1] + chr(ord("/") + 1)}


def _exists(scope: Scope) -> Any:
    return select(device.c.id).where(_BELOW, *scope.conditions).limit(1)


def _is_narrow(scope: Scope) -> bool:
    """Checks whether a scope admits few devices, which are faster to sum up than the ends of indexes to find."""
    return bool(scope.conditions and not scope.excluded)


def _maintained(scope: Scope) -> Any:
    """Returns the regions from the maintained counts, whose time does not depend on how many devices there are."""
    parts = visible("place", scope, _below).subquery("part")
    devices = func.sum(parts.c.number)

    def of(health: Health) -> ColumnElement[int]:
        number = func.sum(case((parts.c.health == health, parts.c.number), else_=0))
        return cast(number, BigInteger).label(health.lower())

    places = (
        select(
            parts.c.key.label("location_key"),
            cast(devices, BigInteger).label("devices"),  # PostgreSQL's sums are decimals
            *(of(health) for health in HEALTHS),
        )
        .group_by(parts.c.key)
        .having(devices > 0)
        .subquery("place")
    )
    latitude, longitude = device.c.gps_latitude, device.c.gps_longitude
    return (
        select(
            *places.c,
            _end(latitude.asc(), places, scope).label("south"),
            _end(latitude.desc(), places, scope).label("north"),
            _end(longitude.asc(), places, scope).label("west"),
            _end(longitude.desc(), places, scope).label("east"),
            location.c.path,
            location.c.document,
        )
        .select_from(places.join(location, location.c.location_key == places.c.location_key))
        .where(location.c.network_id == NETWORK_ID)
        .order_by(places.c.location_key)
    )


def _end(order: UnaryExpression[float], places: FromClause, scope: Scope) -> ColumnElement[float]:
    """Returns the first coordinate of a place's devices in an order: an index starts or ends with it."""
    coordinate = order.element
    return (
        select(coordinate)
        .where(
            device.c.network_id == NETWORK_ID,
            device.c.location_key == places.c.location_key,
            coordinate.between(-_BEYOND, _BEYOND),  # a range skips null
            *scope.conditions,
        )
        .order_by(order)
        .limit(1)
        .correlate(places)
        .scalar_subquery()
    )


def _regions(filter: Filter | None, scope: Scope, place: ColumnElement[bool]) -> Any:
    source = DEVICES.columns.source(filter.tables if filter else ())
    conditions = scope.conditions
    if scope.admitted is not None:
        source, conditions = source.join(scope.admitted.ids, scope.admitted.ids.c.id == device.c.id), ()
    # A column alone would make SQLite read all devices in its order, rather than sort those that the filter matches.
    at = device.c.location_key.concat("").label("location_key")
    places = (
        select(
            device.c.network_id,
            at,
            func.min(device.c.gps_latitude).label("south"),
            func.max(device.c.gps_latitude).label("north"),
            func.min(device.c.gps_longitude).label("west"),
            func.max(device.c.gps_longitude).label("east"),
            func.count().label("devices"),
            *(func.sum(case((device.c.health == health, 1), else_=0)).label(health.lower()) for health in HEALTHS),
        )
        .select_from(source)
        .where(place, *conditions)
        .group_by(device.c.network_id, at)
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
