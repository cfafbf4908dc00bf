"""The places where a network's devices stand, kept for the regions that are answered from them."""

from __future__ import annotations

import msgspec

from signfleet.devices import store as queries
from signfleet.devices.schemas import Location
from signfleet.http.call import encode
from signfleet.storage.interface import Transaction
from signfleet.wire.text import fold


class PlaceNames(msgspec.Struct, rename="camel"):
    """The names along a path, as a Players Region answers them."""

    country: str | None
    country_long_name: str | None
    admin_area_level1: str | None
    admin_area_level1_long_name: str | None
    admin_area_level2: str | None
    admin_area_level2_long_name: str | None
    locality: str | None
    locality_long_name: str | None


async def keep_place(tx: Transaction, network_id: int, location: Location | None) -> str | None:
    """Remember the place of a location; returns the key that its devices carry, None for no place."""
    if location is None or not location.path:
        return None
    key = fold(location.path)
    names = PlaceNames(*(getattr(location, name) for name in PlaceNames.__struct_fields__))
    await tx.execute(
        queries.INSERT_LOCATION,
        network_id=network_id,
        location_key=key,
        path=location.path,
        document=encode(names).decode(),
    )
    return key
