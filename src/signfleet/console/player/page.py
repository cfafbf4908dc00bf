"""What the tabs of a player have in common: which of them the reader may open, the health, and the commands."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from signfleet.console.player.command_forms import COMMANDS, Form
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.commands.kinds import KINDS
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.devices.agent.service import Agents
from signfleet.fleet.devices.screenshots.service import LinkMaker
from signfleet.fleet.health.inputs import period
from signfleet.fleet.health.schemas import DeviceHealthDetails
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.definitions import (
    EDIT_USER_PERMISSIONS,
    UPDATE_DEVICE,
    VIEW_AUDIT,
    VIEW_DOWNLOADS,
    VIEW_SCREENSHOTS,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.paging import Page
from signfleet.web.http.call import Answer

T = TypeVar("T")

#: The side of the picture, in pixels.
PICTURE: Final = "320"
#: The path of a page about one player.
_PLAYER: Final = re.compile(r"/console/players/[^/]+/")

#: The tabs: the end of the address, the name, and what a reader needs beside seeing the player.
TABS: Final[dict[str, tuple[str, Operation | None]]] = {
    "now": (later("Now"), None),
    "timeline": (later("Timeline"), None),
    "pictures": (later("Pictures"), VIEW_SCREENSHOTS),
    "errors": (later("Errors"), None),
    "downloads": (later("Downloads"), VIEW_DOWNLOADS),
    "settings": (later("Settings"), None),
    "metrics": (later("Metrics"), None),
    "rights": (later("Rights"), EDIT_USER_PERMISSIONS),
    "audit": (later("Audit"), VIEW_AUDIT),
}


class Shown(NamedTuple):
    """A player as the reader may see it."""

    health: DeviceHealthDetails
    tabs: dict[str, str]
    commands: dict[str, Form]
    may_change: bool


class PlayerPages:
    """What every tab reads: the same services, under one name."""

    def __init__(
        self, health_lists: HealthLists, permissions: Permissions, commands: Commands, agents: Agents, links: Links
    ) -> None:
        self._health_lists = health_lists
        self._permissions = permissions
        self._commands = commands
        self._agents = agents
        self._links = links

    async def get(self, view: View, ref: str) -> Shown:
        """Returns a player by id or serial, and what the reader may do with it. Raises `NotFound`."""
        health = await self._health_lists.get(
            view.session, ref, LinkMaker(self._links, view.call.base_url, view.now, PICTURE)
        )
        tabs = {name: words for name, (words, needs) in TABS.items() if await self._may(view, needs, health.id)}
        may_change = await self._permissions.allows_on(view.session, UPDATE_DEVICE, health.id)
        return Shown(health, tabs, await self.commands(view, health.id), may_change)

    async def commands(self, view: View, device_id: int) -> dict[str, Form]:
        """Returns the commands that the reader may send to a player, and that the player can do."""
        session, allowed = view.session, self._permissions.allows_on
        able = await self._agents.can(session, str(device_id))
        rules = await self._commands.rules(session.network)
        return {
            name: form
            for name, form in COMMANDS.items()
            if (able is None or name in able)
            and (rules.danger_allowed or KINDS[name].group != "danger")
            and await allowed(session, KINDS[name].operation, device_id)
        }

    async def tab(self, view: View, ref: str, tab: str, status: int = 200, **values: Any) -> Answer:
        """Answers with a tab: as a page, or for a script the tab alone."""
        return self.answer(view, await self.get(view, ref), tab, status, **values)

    def answer(self, view: View, shown: Shown, tab: str, status: int = 200, **values: Any) -> Answer:
        """Answers with a tab of a player that `get` has returned: a page, a fragment, more rows, or a block of it."""
        template = "player/tab.html" if view.is_fragment else "player/page.html"
        if view.wants_rows:
            template = f"player/{tab}-rows.html"
        elif view.is_refresh:
            template = f"player/{tab}.html"
        return view.page(template, status, tab=tab, is_beside=_is_beside(view), **shown._asdict(), **values)

    async def _may(self, view: View, needs: Operation | None, device_id: int) -> bool:
        if needs is None:
            return True
        if needs.entity == "Device":
            return await self._permissions.allows_on(view.session, needs, device_id)
        return await self._permissions.allows(view.session, needs)


def _is_beside(view: View) -> bool:
    """Whether a script asks for a player at the side of a list, which stays: the address is the list's."""
    here = view.call.header(b"hx-current-url")
    return here is not None and _PLAYER.search(urlsplit(here).path) is None


def items(page: Page, kind: type[T]) -> list[T]:
    """Returns the entities of a page."""
    return msgspec.json.decode(b"[%b]" % b",".join(page.items), type=list[kind])  # type: ignore[valid-type]


def due_of(last_report: str | None, settings: dict[str, Any]) -> int | None:
    """Returns when the next report is due (ms), with which a player fetches its settings; None before the first."""
    last = None if last_report is None else datetime.parse(last_report)
    return None if last is None else last + period(msgspec.json.encode(settings).decode())
