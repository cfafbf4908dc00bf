"""What operators look up about a player: where it is, how it is reached, what it runs, what room it has."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from signfleet.console.players.search import exactly
from signfleet.console.translations import later
from signfleet.foundation.wire import timespan

GIB: Final = 1024**3


class _Firmware(msgspec.Struct):
    version: str | None = None


class _Interface(msgspec.Struct):
    ip: list[str] | None = None


class _Network(msgspec.Struct, rename="camel"):
    external_ip: str | None = None
    interfaces: list[_Interface] | None = None


class _Stats(msgspec.Struct, rename="camel"):
    size_total: float = 0
    size_free: float = 0


class Storage(msgspec.Struct):
    """A storage of a player; `total` and `free` in GiB."""

    interface: str | None = None
    access: str | None = None
    stats: _Stats | None = None

    @property
    def total(self) -> float:
        return 0 if self.stats is None else round(self.stats.size_total / GIB, 1)

    @property
    def free(self) -> float:
        return 0 if self.stats is None else round(self.stats.size_free / GIB, 1)

    @property
    def is_writable(self) -> bool:
        return self.access is None or "write" in self.access.lower()


class _Status(msgspec.Struct):
    firmware: _Firmware | None = None
    network: _Network | None = None
    storage: list[Storage] | None = None
    uptime: str | None = None


class _Location(msgspec.Struct):
    path: str | None = None


class _Settings(msgspec.Struct):
    description: str | None = None
    location: _Location | None = None


class _Subscription(msgspec.Struct):
    type: str
    status: str


class _Entity(msgspec.Struct):
    settings: dict[str, Any]
    status: _Status | None = None
    subscription: _Subscription | None = None


class Fact(NamedTuple):
    """A value under its label, which leads to the other players that have it, or to what it is about."""

    label: str
    value: str
    link: str | None = None


class Facts(NamedTuple):
    """What the page of a player shows of its entity."""

    settings: dict[str, Any]
    lines: list[Fact]
    storages: list[Storage]
    #: Since when the player runs, in ms.
    started: int | None


def facts_of(document: bytes, serial: str, reported: int | None) -> Facts:
    """Returns the facts in the entity of a player, whose last report came at `reported` (ms)."""
    entity = msgspec.json.decode(document, type=_Entity)
    settings = msgspec.convert(entity.settings, _Settings)
    status = entity.status or _Status()
    place = (settings.location and settings.location.path) or ""
    firmware = (status.firmware and status.firmware.version) or ""
    network = status.network or _Network()
    subscription = entity.subscription
    local = [ip for each in network.interfaces or () for ip in each.ip or ()]
    lines = [
        Fact(later("Description"), settings.description or ""),
        Fact(
            later("Place"),
            ", ".join(reversed(place.strip("/").split("/"))),
            _like("[settings].[location].[path]", place),
        ),
        Fact(later("Firmware"), firmware, _like("[status].[firmware].[version]", firmware)),
        Fact(
            later("Address"), network.external_ip or "", _like("[status].[network].[externalIp]", network.external_ip)
        ),
        Fact(later("Local addresses"), ", ".join(local)),
    ]
    if subscription is not None:
        link = "/console/subscriptions/?" + urlencode({"filter": f"[device].[serial] IS {exactly(serial)}"})
        lines.append(Fact(later("Subscription"), subscription.type, link))
    uptime = None if status.uptime is None else timespan.parse(status.uptime)
    started = None if uptime is None or reported is None else reported - uptime
    return Facts(entity.settings, [line for line in lines if line.value], status.storage or [], started)


def _like(name: str, value: str | None) -> str | None:
    """Returns the address of the list of the players that have a value."""
    return f"/console/players/?{urlencode({'search': f'{name} IS {exactly(value)}'})}" if value else None
