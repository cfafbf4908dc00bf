"""Counts the connections, rejects those above the limits, and ends those whose deadline is over.

A few more are reserved for health checks and metrics, so that an operator sees a full server as full, not as dead.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, Literal, Protocol

import msgspec
import structlog

from signfleet.foundation.errors import Throttled
from signfleet.foundation.settings import Settings
from signfleet.web.http.authority import origin_of
from signfleet.web.http.known_heads import KnownHeads
from signfleet.web.http.metrics import CONNECTIONS
from signfleet.web.http.proxies import TrustedProxies
from signfleet.web.http.rejection import Rejection, RequestRejected

#: Seconds between two checks of the deadlines.
INTERVAL = 0.5
#: Connections for health checks beyond the limit, and how many of these one address may have.
RESERVE, RESERVE_PER_ADDRESS = 32, 4
#: Open files that the process needs for everything else: databases, pictures, mail.
OTHER_FILES = 256
#: The paths that reserved connections may request.
RESERVED_PATHS = (b"/health/", b"/metrics")
#: Seconds between two log lines about rejections for the same reason.
LOG_INTERVAL = 10.0

#: What a connection counts as: an ordinary one, one for health checks alone, or one too many.
Slot = Literal["open", "reserved", "address is full", "server is full"]

log = structlog.get_logger("connections")


class Limits(msgspec.Struct, frozen=True):
    """The limits of connections and of requests' heads. Times are in seconds, sizes in bytes."""

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
        """Reads the settings, for a process that may open `open_files` files."""
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


def rejection_of(slot: Slot) -> Rejection | None:
    """Returns the answer to a connection that is one too many."""
    if slot == "address is full":
        return Rejection(429, Throttled.code, "This address has too many connections already.", slot, 2)
    if slot == "server is full":
        return Rejection(503, "unavailable", "The server has too many connections already.", slot, 2)
    return None


def check_reserved(raw_path: bytes) -> None:
    """Raises `RequestRejected` for a path that connections for health checks do not serve."""
    if not raw_path.lower().startswith(RESERVED_PATHS):
        text = "The server has too many connections already; it answers health checks only."
        raise RequestRejected(Rejection(503, "unavailable", text, "server is full", 2))


class TrackedConnection(Protocol):
    """What the tracker needs of a connection."""

    address: str
    slot: Slot
    deadline: float

    def expire(self, now: float) -> None: ...


class ConnectionTracker:
    """The connections of one server."""

    def __init__(self, limits: Limits, proxies: TrustedProxies) -> None:
        self.limits = limits
        self.proxies = proxies
        self.known_heads = KnownHeads()
        self._connections: set[TrackedConnection] = set()
        self._per_address: Counter[str] = Counter()
        self._reserved_per_address: Counter[str] = Counter()
        self._reserved = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._logged: dict[str, tuple[float, int]] = {}
        CONNECTIONS.limit = limits.connections

    def add(self, connection: TrackedConnection, loop: asyncio.AbstractEventLoop) -> Slot:
        """Counts a new connection and gives it a slot. The caller has to `remove` it, whatever the slot is."""
        slot = connection.slot = self._slot_for(connection)
        self._connections.add(connection)
        CONNECTIONS.open += 1
        if slot == "reserved":
            self._reserved += 1
            self._reserved_per_address[origin_of(connection.address)] += 1
        elif slot == "open":
            self._per_address[origin_of(connection.address)] += 1
        if self._sweep is None:
            self._sweep = loop.call_later(INTERVAL, self._end_expired, loop)
        return slot

    def remove(self, connection: TrackedConnection) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        CONNECTIONS.open -= 1
        if connection.slot == "reserved":
            self._reserved -= 1
            _decrease(self._reserved_per_address, origin_of(connection.address))
        elif connection.slot == "open":
            _decrease(self._per_address, origin_of(connection.address))

    def count_rejection(self, reason: str, address: str, now: float) -> None:
        """Counts a rejection; the log has at most one line about each reason every few seconds."""
        CONNECTIONS.refused[reason] += 1
        until, unlogged = self._logged.get(reason, (0.0, 0))
        if now < until:
            self._logged[reason] = (until, unlogged + 1)
            return
        self._logged[reason] = (now + LOG_INTERVAL, 0)
        log.warning("connection refused", reason=reason, address=address, unlogged=unlogged)

    def _slot_for(self, connection: TrackedConnection) -> Slot:
        origin = origin_of(connection.address)
        is_full = self._per_address[origin] >= self.limits.connections_per_address
        if is_full and not self.proxies.trusts(connection.address):
            return "address is full"
        if len(self._connections) - self._reserved < self.limits.connections:
            return "open"
        if self._reserved < RESERVE and self._reserved_per_address[origin] < RESERVE_PER_ADDRESS:
            return "reserved"
        return "server is full"

    def _end_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [connection for connection in self._connections if connection.deadline <= now]:
            connection.expire(now)
        self._sweep = loop.call_later(INTERVAL, self._end_expired, loop) if self._connections else None


def _decrease(counts: MutableMapping[str, Any], name: str) -> None:
    """Counts one less, and removes a name whose count is 0: addresses come and go."""
    counts[name] -= 1
    if not counts[name]:
        del counts[name]


def raise_open_files(wanted: int = 65_536) -> int:
    """Raises the process's soft limit of open files to `wanted`, or as far as allowed. Returns the limit in force."""
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
        except (OSError, ValueError):  # some systems allow less than their hard limit
            return soft
        return target
    return soft
