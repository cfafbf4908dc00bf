"""Request and response bodies of `/testing/v1`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signfleet.foundation.wire.types import DateTime
from signfleet.simulator.fleet import DEFAULT_SEED

#: 100 years: the clock stays within what dates can say.
LONGEST_LEAP = 3_153_600_000

Condition = Literal["Healthy", "Dark", "DiskFull", "WrongClock"]
FaultKind = Literal["TooManyRequests", "Unavailable", "Slow", "LostAnswer"]


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """Which players join. The same seed gives the same serials, names and ids."""

    devices: Annotated[int, Meta(ge=0, le=500, description="How many players join.")] = 10
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, description="The number that the players are invented from.")] = (
        DEFAULT_SEED
    )
    reporting: Annotated[
        bool, Meta(description="The players go on reporting as time passes; otherwise each reports once.")
    ] = True
    pictures: Annotated[bool, Meta(description="The players also upload screenshots when these are due.")] = False


class Account(msgspec.Struct, frozen=True):
    """A person who can sign in."""

    network: str
    login: str
    password: str
    role: str


class SeededDevice(msgspec.Struct, frozen=True):
    """A device that a simulated player has registered."""

    id: int
    serial: str


class Installation(msgspec.Struct, frozen=True, rename="camel"):
    """What a testing server was seeded with, its public credentials included."""

    network: str
    network_id: int
    login: str
    password: str
    client_id: str
    client_secret: str
    accounts: list[Account]
    devices: list[SeededDevice]


class Leap(msgspec.Struct, forbid_unknown_fields=True):
    """How far to advance the clock."""

    seconds: Annotated[int, Meta(ge=1, le=LONGEST_LEAP, description="How many seconds the clock moves ahead.")]


class Clock(msgspec.Struct, frozen=True, rename="camel"):
    """The server's time, and its offset from the system's."""

    now: DateTime
    ahead_seconds: int


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault that the next requests of a route meet."""

    kind: Annotated[
        FaultKind,
        Meta(
            description="`TooManyRequests` answers 429 and `Unavailable` 503 without doing anything; `Slow` waits"
            " first; `LostAnswer` does the work and closes the connection."
        ),
    ]
    route: Annotated[
        str,
        Meta(
            description="A route as the reference of the API writes it, with or without `/2022/06/REST` before it,"
            " such as `/Devices/{device}/`; `*` for every route but those of tests and health.",
            max_length=512,
        ),
    ]
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None, Meta(description="null for any method.")
    ] = None
    times: Annotated[int, Meta(ge=1, le=1_000_000, description="How many requests meet it.")] = 1
    seconds: Annotated[
        int, Meta(ge=0, le=600, description="`Retry-After` of 429 and 503; how long a slow answer waits.")
    ] = 1


class Faults(msgspec.Struct, frozen=True):
    """The faults that no request has met yet, the next one first."""

    items: list[Fault]


class PlayerState(msgspec.Struct, forbid_unknown_fields=True):
    """The condition to put a simulated player in."""

    condition: Annotated[
        Condition,
        Meta(
            description="`Dark` reports no more; `DiskFull` has no room left; `WrongClock` is 40 days behind;"
            " `Healthy` has none of these."
        ),
    ]


class Player(msgspec.Struct, frozen=True):
    """A simulated player and its condition."""

    serial: str
    condition: str


class Players(msgspec.Struct, frozen=True):
    """The simulated players, in the order in which they joined."""

    items: list[Player]
