"""Completes a device's Location (of the contract's player settings) from its coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from signfleet.foundation.geography.places import Place, find

LEVELS: Final = (
    ("country", "countryLongName"),
    ("adminAreaLevel1", "adminAreaLevel1LongName"),
    ("adminAreaLevel2", "adminAreaLevel2LongName"),
    ("locality", "localityLongName"),
)
"""The members that name an area, short and long, from the widest to the narrowest."""

FIELDS: Final = (
    "placeId",
    "gpsLatitude",
    "gpsLongitude",
    *(member for level in LEVELS for member in level),
    "path",
    "pathLongName",
)
"""All members of a Location in the contract's order."""


def complete_location(location: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a Location with all its members, filling in those that are null or missing where they are known.

    Given values do not change. Missing names come from `gpsLatitude` and `gpsLongitude` (degrees). If the name of an
    area is given and is not the one at the coordinates, no name below it is filled in, since the area is another one.
    The paths consist of the names.
    """
    complete = {**dict.fromkeys(FIELDS), **location}
    latitude, longitude = complete["gpsLatitude"], complete["gpsLongitude"]
    if latitude is not None and longitude is not None:
        place = find(latitude, longitude)
        if place:
            _name_areas(complete, place)
    if complete["path"] is None:
        complete["path"] = _path(complete[short] for short, _ in LEVELS)
    if complete["pathLongName"] is None:
        complete["pathLongName"] = _path(complete[long] or complete[short] for short, long in LEVELS)
    return complete


def _name_areas(location: dict[str, Any], place: Place) -> None:
    derived = (
        (place.country, place.country_name),
        (place.admin1, place.admin1_name),
        (place.admin2, place.admin2),
        (place.locality, place.locality),
    )
    for members, names in zip(LEVELS, derived, strict=True):
        given = {location[member].casefold() for member in members if location[member] is not None}
        if given and given.isdisjoint(name.casefold() for name in names):
            return
        for member, name in zip(members, names, strict=True):
            if location[member] is None:
                location[member] = name or None


def _path(names: Any) -> str | None:
    """Joins the known names with slashes; a slash inside a name becomes a hyphen."""
    known = [name.replace("/", "-") for name in names if name]
    return f"/{'/'.join(known)}/" if known else None
