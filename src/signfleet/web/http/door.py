"""Who may connect: counts connections, turns away those above the limits, and ends those whose time is over.

A few places are reserved for health checks and metrics, so that an operator sees a full server as full, not as dead.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, Literal, Protocol

import msgspec
import structlog

from signfleet.foundation.settings import Settings
from signfleet.web.http.authority import origin_of
from signfleet.web.http.metrics import CONNECTIONS
from signfleet.web.http.proxies import TrustedProxies

#: Seconds between two looks at the deadlines.
INTERVAL = 0.5
#: Connections for health checks beyond the total, and how many of these one address may have.
RESERVE, RESERVE_PER_ADDRESS = 32, 4
#: Files that the process needs for everything else: databases, pictures, mail.
OTHER_FILES = 256
#: What the reserved connections may ask for.
RESERVED_PATHS = (b"/health/", b"/metrics")
#: Seconds between two lines of log about the same kind of refusal.
LOG_INTERVAL = 10.0

Place = Literal["open", "reserved", "address is full", "server is full"]

log = structlog.get_logger("door")


class Limits(msgspec.Struct, frozen=True):
    """Times are in seconds, sizes in bytes."""

    head_timeout: float = 10
    body_timeout: float = 30
    body_rate: int = 1024
    idle_timeout: float = 75
    head_size: int = 65_536
    headers: int = 100
    connections: int = 10_000
    connections_per_address: int = 512

    @classmethod
    def of(cls, settings: Settings, open_files: int) -> Limits:
        """From the settings, for a process that may open so many files."""
        room = max(open_files - OTHER_FILES - RESERVE, open_files // 4)
        return cls(
            head_timeout=settings.head_timeout,
            body_timeout=settings.body_timeout,
            body_rate=settings.body_rate,
            idle_timeout=settings.idle_timeout,
            head_size=settings.head_size,
            headers=settings.head_fields,
            connections=min(settings.max_connections or room, room),
            connections_per_address=settings.max_connections_per_address,
        )


class Guest(Protocol):
    """A connection, as far as it is counted and watched."""

    address: str
    place: Place
    deadline: float

    def expire(self, now: float) -> None: ...


class Door:
    """The connections of one server."""

    def __init__(self, limits: Limits, proxies: TrustedProxies) -> None:
        self.limits = limits
        self.proxies = proxies
        self._guests: set[Guest] = set()
        self._per_address: Counter[str] = Counter()
        self._reserved_per_address: Counter[str] = Counter()
        self._reserved = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._logged: dict[str, tuple[float, int]] = {}
        CONNECTIONS.limit = limits.connections

    def enter(self, guest: Guest, loop: asyncio.AbstractEventLoop) -> Place:
        """Count a new connection; it has to `leave`, whatever its place is."""
        place = guest.place = self._place(guest)
        self._guests.add(guest)
        CONNECTIONS.open += 1
        if place == "reserved":
            self._reserved += 1
            self._reserved_per_address[origin_of(guest.address)] += 1
        elif place == "open":
            self._per_address[origin_of(guest.address)] += 1
        if self._sweep is None:
            self._sweep = loop.call_later(INTERVAL, self._end_expired, loop)
        return place

    def leave(self, guest: Guest) -> None:
        if guest not in self._guests:
            return
        self._guests.discard(guest)
        CONNECTIONS.open -= 1
        if guest.place == "reserved":
            self._reserved -= 1
            _decrease(self._reserved_per_address, origin_of(guest.address))
        elif guest.place == "open":
            _decrease(self._per_address, origin_of(guest.address))

    def refused(self, reason: str, address: str, now: float) -> None:
        """Count a refusal; the log has a line about each reason every few seconds."""
        CONNECTIONS.refused[reason] += 1
        until, unlogged = self._logged.get(reason, (0.0, 0))
        if now < until:
            self._logged[reason] = (until, unlogged + 1)
            return
        self._logged[reason] = (now + LOG_INTERVAL, 0)
        log.warning("connection refused", reason=reason, address=address, unlogged=unlogged)

    def _place(self, guest: Guest) -> Place:
        origin = origin_of(guest.address)
        if self._per_address[origin] >= self.limits.connections_per_address and not self.proxies.trusts(guest.address):
            return "address is full"
        if len(self._guests) - self._reserved < self.limits.connections:
            return "open"
        if self._reserved < RESERVE and self._reserved_per_address[origin] < RESERVE_PER_ADDRESS:
            return "reserved"
        return "server is full"

    def _end_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for guest in [guest for guest in self._guests if guest.deadline <= now]:
            guest.expire(now)
        self._sweep = loop.call_later(INTERVAL, self._end_expired, loop) if self._guests else None


def _decrease(counts: MutableMapping[str, Any], name: str) -> None:
    """Forget a name whose count is 0: addresses come and go."""
    counts[name] -= 1
    if not counts[name]:
        del counts[name]


def raise_open_files(wanted: int = 65_536) -> int:
    """Raise the process's soft limit of open files as far as is allowed and wanted; gives the limit in force."""
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return 8192
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    target = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if target > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
        except (OSError, ValueError):  # some systems allow less than they say
            return soft
        return target
    return soft
