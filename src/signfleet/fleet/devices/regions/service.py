"""Sums up the devices of each place."""

from __future__ import annotations

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
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.web.caller.session import Session

#: How many bytes of answers are cached.
CACHED = 16_000_000


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
