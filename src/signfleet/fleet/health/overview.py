"""Counts devices by health from the maintained counts, with names and the uptime of groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from signfleet.fleet.devices.counts.service import DeviceCount, DeviceCounts
from signfleet.fleet.devices.models.models import KNOWN_MODELS
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.health import overview_store as queries
from signfleet.fleet.health.schemas import (
    GroupOverview,
    HealthCounts,
    ModelOverview,
    Overview,
    RegionOverview,
    UptimeShares,
)
from signfleet.fleet.health.totals import NETWORK, read_shares
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.text import fold
from signfleet.web.caller.session import Session

_MODELS = {fold(model): model for model in KNOWN_MODELS}


class Overviews:
    """Counts the devices that the caller may see, by health."""

    def __init__(self, store: Store, devices: Devices, counts: DeviceCounts) -> None:
        self._store = store
        self._devices = devices
        self._counts = counts

    async def get(self, session: Session, now: int) -> Overview:
        """Returns the counts in total, of each group with devices, and of each model; `now` is in ms."""
        whole = HealthCounts(**{word.lower(): n for word, n in (await self._counts.by_health(session)).items()})
        groups = _by_key(await self._counts.by_group(session))
        models = _by_key(await self._counts.by_model(session))
        ids = [int(key) for key in groups]
        names = {
            row.id: row.name for row in await self._store.scan_all(queries.GROUPS, network_id=session.network, ids=ids)
        }
        scope = await self._devices.scope(session)
        shares: dict[int, UptimeShares] = {}
        if not scope.conditions:  # others would learn how devices do that they may not see
            shares = await read_shares(self._store, session.network, [NETWORK, *ids], now)
        known = [(names[id_], id_) for id_ in ids if id_ in names]
        return Overview(
            devices=_total(whole),
            health=whole,
            uptime=shares.get(NETWORK),
            groups=[
                GroupOverview(
                    id=id_, name=name, devices=_total(groups[str(id_)]), health=groups[str(id_)], uptime=shares.get(id_)
                )
                for name, id_ in sorted(known, key=lambda group: (fold(group[0]), group[1]))
            ],
            models=[
                ModelOverview(model=_MODELS.get(key, key.upper()), devices=_total(health), health=health)
                for key, health in sorted(models.items())
            ],
        )

    async def regions(self, session: Session) -> list[RegionOverview]:
        """Returns the counts of each place, in the order of their paths."""
        places = _by_key(await self._counts.by_place(session))
        rows = await self._store.scan_all(queries.PLACES, network_id=session.network, keys=sorted(places))
        return [_region(row, places[row.location_key]) for row in rows]


def _by_key(counts: Iterable[DeviceCount]) -> dict[str, HealthCounts]:
    found: dict[str, HealthCounts] = defaultdict(HealthCounts)
    for count in counts:
        setattr(found[count.key], count.health.lower(), count.total)
    return dict(found)


def _total(health: HealthCounts) -> int:
    return health.normal + health.warning + health.error + health.unknown


def _region(row: queries.PlaceRow, health: HealthCounts) -> RegionOverview:
    names = msgspec.json.decode(row.document)
    return RegionOverview(
        location_path=row.path,
        country_long_name=names.get("countryLongName"),
        admin_area_level1_long_name=names.get("adminAreaLevel1LongName"),
        admin_area_level2_long_name=names.get("adminAreaLevel2LongName"),
        locality_long_name=names.get("localityLongName"),
        devices=_total(health),
        health=health,
    )
