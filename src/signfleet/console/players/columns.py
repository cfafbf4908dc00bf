"""The columns of the list of players: those that a reader has chosen, and what they show."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from signfleet.console.translations import later
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.wire.text import fold
from signfleet.identity.profiles.service import Profiles, of_person
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import Precondition
from signfleet.web.contract.paging import ListQuery

#: The key in the profile, with the names of columns and spaces between.
KEY: Final = "console.players.columns"


class Column(NamedTuple):
    """A column: its words, what it is sorted by, and whether the whole entity has to be read for it."""

    words: str
    sort: str | None = None
    is_of_entity: bool = False


COLUMNS: Final = {
    "health": Column(later("Health"), "[status].[health]"),
    "since": Column(later("Since"), "[since]"),
    "serial": Column(later("Serial"), "[serial]"),
    "model": Column(later("Model"), "[model]"),
    "group": Column(later("Group"), "[settings].[group].[name]"),
    "lastReport": Column(later("Last report"), "[lastReport]"),
    "picture": Column(later("Picture")),
    "settings": Column(later("Settings")),
    "description": Column(later("Description"), "[settings].[description]", is_of_entity=True),
    "firmware": Column(later("Firmware"), "[status].[firmware].[version]", is_of_entity=True),
    "address": Column(later("Address"), "[status].[network].[externalIp]", is_of_entity=True),
    "place": Column(later("Place"), "[settings].[location].[path]", is_of_entity=True),
    "tags": Column(later("Tags"), is_of_entity=True),
}
DEFAULT: Final = ("health", "since", "serial", "model", "group", "lastReport")


class _Location(msgspec.Struct):
    path: str | None = None


class _Settings(msgspec.Struct):
    description: str | None = None
    location: _Location | None = None


class _Firmware(msgspec.Struct):
    version: str | None = None


class _Network(msgspec.Struct, rename="camel"):
    external_ip: str | None = None


class _Status(msgspec.Struct):
    firmware: _Firmware | None = None
    network: _Network | None = None


class Entity(msgspec.Struct):
    """What columns show of a whole entity."""

    id: int
    settings: _Settings = msgspec.field(default_factory=_Settings)
    status: _Status | None = None
    tags: dict[str, str] = {}

    @property
    def description(self) -> str:
        return self.settings.description or ""

    @property
    def firmware(self) -> str:
        return (self.status and self.status.firmware and self.status.firmware.version) or ""

    @property
    def address(self) -> str:
        return (self.status and self.status.network and self.status.network.external_ip) or ""

    @property
    def place(self) -> str:
        """Returns the place, its most exact name first."""
        path = self.settings.location.path if self.settings.location else None
        return ", ".join(reversed((path or "").strip("/").split("/")))


_decoder = msgspec.json.Decoder(list[Entity])


def read(text: str) -> list[str]:
    """Returns the columns that a text names, in their order; the default ones for a text that names none."""
    wanted = set(text.replace(",", " ").split())
    return [name for name in COLUMNS if name in wanted] or list(DEFAULT)


async def chosen(person_id: int, profiles: Profiles) -> str:
    """Returns what a person has chosen."""
    return (await profiles.some(of_person(person_id), KEY)).get(fold(KEY), "")


async def choose(person_id: int, profiles: Profiles, names: list[str], now: int) -> None:
    """Stores what a person chooses."""
    await profiles.put(of_person(person_id), KEY, " ".join(read(" ".join(names))), Precondition(), now)


async def entities(session: Session, devices: Devices, columns: list[str], ids: list[int]) -> dict[int, Entity]:
    """Returns the entities of players, by their ids, if a column needs them."""
    if not ids or not any(COLUMNS[name].is_of_entity for name in columns):
        return {}
    among = f"[id] IS IN ({', '.join(map(str, ids))})"
    found = await devices.list_(session, ListQuery(among, None, None, len(ids)))
    return {entity.id: entity for entity in _decoder.decode(b"[%b]" % b",".join(found.items))}
