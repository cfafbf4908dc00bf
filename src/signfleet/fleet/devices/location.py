"""Stores the places where a network's devices stand, which regions read, and derives the names of places."""

from __future__ import annotations

from typing import Any

import msgspec

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.schemas import Location
from signfleet.foundation.geography.location import complete_location
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold


class PlaceNames(msgspec.Struct, rename="camel"):
    """The names along a path, as in a Players Region."""

    country: str | None
    country_long_name: str | None
    admin_area_level1: str | None
    admin_area_level1_long_name: str | None
    admin_area_level2: str | None
    admin_area_level2_long_name: str | None
    locality: str | None
    locality_long_name: str | None


def place_path(text: str) -> str | None:
    """Returns a path in the one form in which places are stored, `/US/CA/`; None if it names nothing."""
    names = [name for name in text.split("/") if name.strip()]
    return f"/{'/'.join(names)}/" if names else None


async def store_place(tx: Transaction, network_id: int, location: Location | None) -> str | None:
    """Stores the place of a location; returns the key that its devices refer to it by, None for no place."""
    path = place_path(location.path) if location and location.path else None
    if location is None or path is None:
        return None
    key = fold(path)
    names = PlaceNames(*(getattr(location, name) for name in PlaceNames.__struct_fields__))
    await tx.execute(
        queries.INSERT_LOCATION,
        network_id=network_id,
        location_key=key,
        path=path,
        document=encode(names).decode(),
    )
    return key


#: What is derived from the coordinates unless it is given.
_DERIVED = tuple(name for name in Location.__struct_encode_fields__ if not name.startswith("gps"))
_PATHS = ("path", "pathLongName")


def derive_names(present: dict[str, Any] | None, wanted: Location | None) -> Location | None:
    """Returns the wanted location of a device, with the names that follow from its coordinates.

    If the device moves, names that are unchanged belong to the old place: they are derived from the new coordinates.
    If only names change, the paths follow them. Example: a device at 37.26, -121.95 in `/US/CA/…/Campbell/` whose
    coordinates alone change to Berlin's gets `/DE/…/Berlin/`; one whose locality alone changes gets a path that ends
    with it.
    """
    if wanted is None:
        return None
    new: dict[str, Any] = msgspec.to_builtins(wanted)
    if new == present:
        return wanted
    if present is not None:
        moved = any(new[name] != present[name] for name in ("gpsLatitude", "gpsLongitude"))
        renamed = any(new[name] != present[name] for name in _DERIVED if name not in _PATHS)
        stale = _DERIVED if moved else _PATHS if renamed else ()
        new |= {name: None for name in stale if new[name] == present[name]}
    return msgspec.convert(complete_location(new), Location)
