"""Sums up the devices of each place."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.counts.cached import CountedResults
from signfleet.fleet.devices.location import place_path
from signfleet.fleet.devices.regions.schemas import PlayersRegion
from signfleet.fleet.devices.regions.store import HEALTHS, RegionQueries, RegionRow
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.errors import NotFound
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.types import Health
from signfleet.web.caller.session import Session

#: More places are drawn as their regions; deeper names in a path than these are one place.
MOST_SPOTS = 300
DEPTH = 4
#: How many bytes of answers are cached.
CACHED = 16_000_000


class Spot(NamedTuple):
    """A place or region on a map: its path, its middle in degrees (None: not known), and its devices by health."""

    path: str
    latitude: float | None
    longitude: float | None
    devices: int
    health: dict[Health, int]

    @property
    def worst(self) -> Health:
        """Returns the worst health that a device there has."""
        return next(health for health in ("Error", "Warning", "Unknown", "Normal") if self.health[health])


class Regions:
    """Lists places. Devices that the caller may not see do not count."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._queries = RegionQueries(store)
        self._listing = Listing(DEVICES)
        self._devices = devices
        self._cached: CountedResults[bytes] = CountedResults(store, CACHED)

    async def below(self, session: Session, path: str, filter_: str | None) -> bytes:
        """Returns the places at and below a path such as `US/CA`, in any letter case; all places for an empty path.

        They come as JSON, which is cached for callers who may see all devices.

        Raises `NotFound` if no device stands there, even one that the filter excludes.

        """
        network_id = session.network
        scope = await self._devices.scope(session)
        parsed = await self._listing.read_filter(self._store, network_id, filter_, scope)
        place = place_path(path)
        key = fold(place or "/")

        async def read() -> bytes:
            rows = await self._queries.regions(network_id, key, parsed, scope)
            if not rows and place and not await self._queries.exists(network_id, key, scope):
                raise NotFound(f"No device stands at '{place}'.")
            return encode([_region(row) for row in rows])

        if parsed is not None or scope.conditions:
            return await read()
        return await self._cached.get(network_id, key, read)

    async def spots(self, session: Session, filter_: str | None) -> list[Spot]:
        """Returns where devices stand, with their number by health, for a map: places, or regions if they are many.

        Raises `Invalid` for a filter that does not fit.
        """
        scope = await self._devices.scope(session)
        parsed = await self._listing.read_filter(self._store, session.network, filter_, scope)
        rows = await self._queries.regions(session.network, "/", parsed, scope)
        return await run_in_thread(spots_of, rows)


def spots_of(rows: list[RegionRow], most: int = MOST_SPOTS) -> list[Spot]:
    """Returns places as spots: each for itself, or at most `most` regions of them, if a country can be one."""
    for depth in range(DEPTH, 0, -1):
        groups: dict[str, list[RegionRow]] = {}
        for row in rows:
            names = row.path.strip("/").split("/")[:depth]
            groups.setdefault(f"/{'/'.join(names)}/", []).append(row)
        if len(groups) <= most:
            break
    return [_spot(path, parts) for path, parts in sorted(groups.items())] if rows else []


def _spot(path: str, rows: list[RegionRow]) -> Spot:
    located = [row for row in rows if None not in (row.south, row.north, row.west, row.east)]
    weight = sum(row.devices for row in located)
    latitude = sum(_middle(row.south, row.north) * row.devices for row in located) / weight if weight else None
    longitude = sum(_middle(row.west, row.east) * row.devices for row in located) / weight if weight else None
    counts = {health: sum(getattr(row, health.lower()) for row in rows) for health in HEALTHS}
    return Spot(path, latitude, longitude, sum(row.devices for row in rows), counts)


def _middle(one: float | None, other: float | None) -> float:
    return ((one or 0) + (other or 0)) / 2


def _region(row: RegionRow) -> PlayersRegion:
    return msgspec.convert(
        msgspec.json.decode(row.document)
        | {
            "minGPSLatitude": row.south,
            "maxGPSLatitude": row.north,
            "minGPSLongitude": row.west,
            "maxGPSLongitude": row.east,
            "devicesCount": row.devices,
            "devicesHealthStatus": [health for health in HEALTHS if getattr(row, health.lower())],
            "locationPath": row.path,
        },
        PlayersRegion,
    )
