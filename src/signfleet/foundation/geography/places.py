"""Finds the populated place that a point on earth belongs to, in the gazetteer `places.gz`.

The gazetteer consists of flat arrays, sorted into strips of latitude and from west to east within each, so that a
search visits only a few short runs of places. It is read at the first search, or before by `load`.
"""

from __future__ import annotations

import gzip
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import asin, cos, degrees, inf, isfinite, radians, sin, sqrt
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

FILE: Final = Path(__file__).with_name("places.gz")
STRIPS_PER_DEGREE: Final = 10

EARTH_RADIUS_KM: Final = 6371.0
FARTHEST_KM: Final = 200.0
"""A point farther than this from every place is nowhere."""

_LARGEST_RADIUS_KM = 5.0
_SEARCH_KM = (8.0, 16.0, 32.0, 64.0, 128.0, FARTHEST_KM)


class Place(NamedTuple):
    """A populated place and its areas. A name or code that an area lacks is empty."""

    country: str
    country_name: str
    admin1: str
    admin1_name: str
    admin2: str
    locality: str


class PlacesFile(msgspec.Struct, array_like=True):
    """The contents of `places.gz`: MessagePack, arrays as little-endian bytes.

    `starts` (uint32) has for each strip, from the south, the index of its first place. Per place: coordinates (int32,
    1e-5 degrees), radius (uint8, 0.1 km), length of the name (uint8, bytes of UTF-8), region (uint16). A region is a
    country code and name, an admin 1 code and name, and an admin 2 name.
    """

    starts: bytes
    latitudes: bytes
    longitudes: bytes
    radii: bytes
    name_lengths: bytes
    names: bytes
    place_regions: bytes
    regions: list[tuple[str, str, str, str, str]]


def strip_of(latitude: float) -> int:
    """Returns the number of the strip that contains this latitude in degrees, counted from the south pole."""
    return int((latitude + 90.0) * STRIPS_PER_DEGREE)


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Returns the great-circle distance between two points given in degrees."""
    north = sin(radians(other_latitude - latitude) / 2.0)
    east = sin(radians(other_longitude - longitude) / 2.0)
    chord = north * north + cos(radians(latitude)) * cos(radians(other_latitude)) * east * east
    return 2.0 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All places, by index."""

    starts: array[int]
    latitudes: array[int]
    longitudes: array[int]
    radii: bytes
    name_ends: array[int]
    names: bytes
    place_regions: array[int]
    regions: list[tuple[str, str, str, str, str]]

    def __len__(self) -> int:
        return len(self.radii)

    def place(self, index: int) -> Place:
        """Returns the place at an index."""
        country, country_name, admin1, admin1_name, admin2 = self.regions[self.place_regions[index]]
        start = self.name_ends[index - 1] if index else 0
        locality = self.names[start : self.name_ends[index]].decode()
        return Place(country, country_name, admin1, admin1_name, admin2, locality)

    def distance_to(self, index: int, latitude: float, longitude: float) -> float:
        """Returns the distance in km from a point in degrees to the middle of the place at an index."""
        return distance_km(latitude, longitude, self.latitudes[index] / 1e5, self.longitudes[index] / 1e5)

    def nearest(self, latitude: float, longitude: float) -> int | None:
        """Returns the index of the place whose edge is nearest to a point in degrees; None beyond `FARTHEST_KM`.

        The edge, not the middle: a place counts as a disk as large as its population suggests, since a point three km
        from the middle of a city is in that city rather than in the village two km away. Of equals, the first wins.
        """
        best = inf, -1
        for radius in _SEARCH_KM:
            for run in self._around(latitude, longitude, radius):
                for index in run:
                    distance = self.distance_to(index, latitude, longitude)
                    if distance <= radius:
                        to_edge = distance - self.radii[index] / 10.0
                        best = min(best, (to_edge, index))
            # The edges of places outside the circle are farther away than this.
            if best[0] <= radius - _LARGEST_RADIUS_KM:
                break
        return None if best[1] < 0 else best[1]

    def _around(self, latitude: float, longitude: float, radius: float) -> Iterator[range]:
        """Yields runs of indexes that contain every place within `radius` km of a point, and some more."""
        angle = radius / EARTH_RADIUS_KM
        reach = degrees(angle)
        south, north = latitude - reach, latitude + reach
        if south <= -90.0 or north >= 90.0:
            spans: tuple[tuple[float, float], ...] = ((-180.0, 180.0),)  # a pole is inside: any longitude is possible
        else:
            half = degrees(asin(min(1.0, sin(angle) / cos(radians(latitude)))))
            spans = _unwrapped(longitude - half, longitude + half)
        for strip in range(strip_of(max(-90.0, south)), strip_of(min(90.0, north)) + 1):
            first, last = self.starts[strip], self.starts[strip + 1]
            if first < last:
                for west, east in spans:
                    yield range(
                        bisect_left(self.longitudes, int(west * 1e5) - 1, first, last),
                        bisect_right(self.longitudes, int(east * 1e5) + 1, first, last),
                    )


def _unwrapped(west: float, east: float) -> tuple[tuple[float, float], ...]:
    """Returns a span of longitudes within -180 … 180 degrees, or two spans if it crosses the date line."""
    if west < -180.0:
        return (west + 360.0, 180.0), (-180.0, east)
    if east > 180.0:
        return (west, 180.0), (-180.0, east - 360.0)
    return ((west, east),)


@cache
def load() -> Gazetteer:
    """Reads the gazetteer once. It takes a tenth of a second: a server calls it in a thread before the first search."""
    content = msgspec.msgpack.decode(gzip.decompress(FILE.read_bytes()), type=PlacesFile)
    return Gazetteer(
        starts=_numbers("I", content.starts),
        latitudes=_numbers("i", content.latitudes),
        longitudes=_numbers("i", content.longitudes),
        radii=content.radii,
        name_ends=array("I", accumulate(content.name_lengths)),
        names=content.names,
        place_regions=_numbers("H", content.place_regions),
        regions=content.regions,
    )


def _numbers(typecode: str, data: bytes) -> array[int]:
    numbers = array(typecode, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def find(latitude: float, longitude: float) -> Place | None:
    """Returns the place that a point in degrees belongs to; None far from every place and for invalid coordinates.

    Longitudes wrap around: 190 is -170.
    """
    if not (isfinite(longitude) and -90.0 <= latitude <= 90.0):
        return None
    gazetteer = load()
    index = gazetteer.nearest(latitude, (longitude + 180.0) % 360.0 - 180.0)
    return None if index is None else gazetteer.place(index)
