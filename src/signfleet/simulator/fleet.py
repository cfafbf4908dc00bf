"""Invents the simulated players from a seed number, the same ones every time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from signfleet.simulator.places import PLACES, Place

#: model, firmware branch, what its serial numbers begin with, share. The last one is a model nobody has heard of.
MODELS = (
    ("HD1024", "8.5", "46", 14),
    ("HD224", "8.5", "24", 10),
    ("LS424", "8.5", "58", 9),
    ("XD1034", "8.5", "D1", 12),
    ("XT1144", "8.5", "E2", 8),
    ("HD225", "9.0", "FG", 14),
    ("XD235", "9.0", "FK", 10),
    ("XT1145", "9.0", "FM", 7),
    ("LS425", "9.0", "FA", 7),
    ("XC4055", "9.0", "XC", 3),
    ("4K1142", "8.0", "X4", 3),
    ("AU335", "9.0", "AC", 2),
    ("ZX2060", "10.1", "ZX", 4),
)

_SPOTS = {
    "Lobbies": ("Lobby", "Reception", "Atrium"),
    "Menu Boards": ("Café Menu", "Bar Menu", "Canteen"),
    "Retail Floor": ("Shop Window", "Checkout", "Fitting Rooms"),
    "Wayfinding": ("Elevators", "Stairs", "Parking"),
    "Meeting Rooms": ("Boardroom", "Training Room", "Studio"),
}
GROUPS = tuple(_SPOTS)
_SIDES = ("North", "South", "East", "West", "Upper Level", "Ground Floor", "Left", "Right")

PRESENTATIONS = {
    "Lobbies": ("Welcome", "Company News"),
    "Menu Boards": ("Breakfast Menu", "Spring Menu"),
    "Retail Floor": ("Summer Sale", "New Arrivals"),
    "Wayfinding": ("Floor Plan", "Departures"),
    "Meeting Rooms": ("Room Booking", "Agenda"),
}

#: The conditions of players, and their shares in percent.
CONDITIONS = (
    ("healthy", 77),
    ("low storage", 6),
    ("failing downloads", 6),
    ("failing card", 3),
    ("goes dark", 5),
    ("wrong clock", 3),
)

#: The network links of players, and their shares in percent.
LINKS = (
    ("ethernet", 50),
    ("ethernet and VLAN", 15),
    ("Wi-Fi", 20),
    ("ethernet and Wi-Fi", 5),
    ("cellular", 10),
)

DEFAULT_SEED = 37
"""Among its first 25 players there is one of everything."""

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Profile:
    """A player before its first start: `number` is its place in the fleet, sizes are in bytes, `uptime` in ms."""

    seed: int
    number: int
    serial: str
    model: str
    firmware: str
    name: str
    description: str
    group: str
    place: Place
    latitude: float
    longitude: float
    condition: str
    link: str
    portrait: bool
    storage_size: int
    storage_free: int
    uptime: int

    def random(self, *about: object) -> Random:
        """Returns a random generator that is the same for the same player and occasion."""
        return Random(f"{self.seed}/{self.number}/{'/'.join(map(str, about))}")  # noqa: S311 - repeatable, no secret

    def registration(self) -> dict[str, Any]:
        """Returns the body with which this player registers."""
        place = self.place
        return {
            "serial": self.serial,
            "model": self.model,
            "firmware": self.firmware,
            "name": self.name,
            "description": self.description,
            "group": self.group,
            "timezone": place.timezone,
            "location": {
                "gpsLatitude": self.latitude,
                "gpsLongitude": self.longitude,
                "country": place.country,
                "countryLongName": place.country_long,
                "adminAreaLevel1": place.area1,
                "adminAreaLevel1LongName": place.area1_long,
                "adminAreaLevel2": place.area2 or None,
                "adminAreaLevel2LongName": place.area2 or None,
                "locality": place.locality,
                "localityLongName": place.locality,
            },
        }


def fleet(count: int, seed: int = DEFAULT_SEED, first: int = 0) -> Iterator[Profile]:
    """Invents `count` players, beginning with number `first`; player n of a seed is the same in a fleet of any size."""
    return (invent(seed, number) for number in range(first, first + count))


def invent(seed: int, number: int) -> Profile:
    """Invents player `number` of the fleet of `seed`."""
    chance = Random(f"{seed}/{number}")  # noqa: S311 - repeatable, no secret
    model, branch, prefix, _ = _pick(chance, MODELS)
    group = chance.choice(GROUPS)
    place = chance.choice(PLACES)
    condition, _ = _pick(chance, CONDITIONS)
    link, _ = _pick(chance, LINKS)
    size = chance.choice((8, 16, 32, 32, 64, 128)) * _GIB
    free = chance.uniform(0.01, 0.04) if condition == "low storage" else chance.uniform(0.2, 0.95)
    return Profile(
        seed=seed,
        number=number,
        serial=_serial(chance, prefix, seed, number),
        model=model,
        firmware=f"{branch}.{chance.choice((35, 47, 53, 145, 189))}",
        name=f"{chance.choice(_SPOTS[group])} {chance.choice(_SIDES)}",
        description=f"{group}, {place.locality}",
        group=group,
        place=place,
        latitude=round(place.latitude + chance.uniform(-0.03, 0.03), 4),
        longitude=round(place.longitude + chance.uniform(-0.03, 0.03), 4),
        condition=condition,
        link=link,
        portrait=group == "Wayfinding" and chance.random() < 0.5,
        storage_size=size,
        storage_free=int(size * free) // 32_768 * 32_768,
        uptime=int(chance.expovariate(1 / 20) * 86_400) * 1000,
    )


def _pick(chance: Random, choices: tuple[Any, ...]) -> Any:
    """Chooses a row; the last column is its weight."""
    return chance.choices(choices, weights=[row[-1] for row in choices])[0]


def _serial(chance: Random, prefix: str, seed: int, number: int) -> str:
    """Returns a serial in the usual form, unique within a fleet: 7919 and a million have no common factor."""
    letters = "CDEFKLMW"
    middle = f"{chance.choice(letters)}{chance.randrange(10)}{chance.randrange(10)}{chance.choice(letters)}"
    return f"{prefix}{middle}{(seed * 104_729 + number * 7_919) % 1_000_000:06d}"
