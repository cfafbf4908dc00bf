"""`/console/players/{player}`: one player, what its people change, and commands at hand."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.players.routes import links_of
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.commands.schemas import NewCommand
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.devices.history.service import DeviceHistory
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.settings import DeviceSettings
from signfleet.fleet.health.schemas import HealthPeriod
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid, Stale
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.conditional import Precondition
from signfleet.web.contract.paging import ListQuery
from signfleet.web.contract.patch import PatchOperation
from signfleet.web.http.call import Answer

SHOWN: Final = 20
LATEST: Final = ListQuery(None, None, None, SHOWN)
#: What the form edits: the property, and its label.
EDITED: Final = {"name": later("Name"), "description": later("Description")}
COMMANDS: Final = {
    "screenshot": ("camera", later("Take a picture")),
    "identify": ("monitor", later("Identify")),
    "reboot": ("power", later("Reboot")),
}

pages = Pages("/console/players")


class _Error(msgspec.Struct, rename="camel"):
    error_name: str
    timestamp: str
    reason: str | None = None


class _Settings(msgspec.Struct):
    name: str | None = None
    description: str | None = None


class _Player(msgspec.Struct):
    settings: _Settings
    tags: dict[str, str] = {}


@pages.get("/{player}/", operation=VIEW_DEVICE)
async def show_player(
    view: View,
    *,
    health_lists: HealthLists,
    devices: Devices,
    device_history: DeviceHistory,
    permissions: Permissions,
    links: Links,
    player: str,
) -> Answer:
    """Get one player: its health and why, its timeline, errors, tags and settings."""
    session = view.session
    health = await health_lists.get(session, player, links_of(view, links))
    seen = await devices.get(session, player)
    periods = await health_lists.periods(session, player, LATEST, view.now)
    errors = await device_history.errors(session, player, LATEST)
    stored = msgspec.json.decode(seen.document, type=_Player)
    return view.page(
        "players/player.html",
        health=health,
        periods=msgspec.json.decode(b"[%b]" % b",".join(periods.items), type=list[HealthPeriod]),
        errors=msgspec.json.decode(b"[%b]" % b",".join(errors.items), type=list[_Error]),
        tags=stored.tags,
        may_change=await permissions.allows_on(session, UPDATE_DEVICE, health.id),
        commands=COMMANDS,
        **_form(stored.settings, seen.row.version),
    )


@pages.post("/{player}/settings", operation=UPDATE_DEVICE)
async def change_settings(view: View, devices: Devices, device_settings: DeviceSettings, player: str) -> Answer:
    """Change settings of a player, unless somebody else has changed them since the form was shown."""
    form = FormData(view.call)
    mine = {name: form.get(name) for name in EDITED}
    changes = [PatchOperation("replace", f"/settings/{name}", value) for name, value in mine.items()]
    given = _Settings(**mine)
    version: int | str = form.get("version")
    try:
        condition = Precondition(tags=frozenset([str(version)]))
        await device_settings.patch(view.session, player, changes, condition, view.now)
    except Invalid as error:
        return _answer(view, player, 400, **_form(given, version, error=error.message))
    except Stale:
        seen = await devices.get(view.session, player)
        theirs = msgspec.json.decode(seen.document, type=_Player).settings
        differing = [(label, mine[name], getattr(theirs, name) or "") for name, label in EDITED.items()]
        conflict = [each for each in differing if each[1] != each[2]]
        return _answer(view, player, 412, **_form(given, seen.row.version, conflict=conflict))
    seen = await devices.get(view.session, player)
    stored = msgspec.json.decode(seen.document, type=_Player).settings
    return _answer(view, player, 200, **_form(stored, seen.row.version, is_saved=True))


@pages.post("/{player}/commands", operation=VIEW_DEVICE)
async def send_command(view: View, commands: Commands, player: str) -> Answer:
    """Send a command to a player."""
    name = FormData(view.call).get("command")
    if name not in COMMANDS:
        raise Invalid(f"'command': the page has no button '{name}'.")
    await commands.send(view.session, NewCommand(player, name), None, view.now)
    return view.page("players/sent.html", label=COMMANDS[name][1])


def _form(given: _Settings, version: int | str, **state: Any) -> dict[str, Any]:
    values = {name: getattr(given, name) or "" for name in EDITED}
    return {"values": values, "labels": EDITED, "version": version} | {
        "error": None,
        "conflict": None,
        "is_saved": False,
        **state,
    }


def _answer(view: View, player: str, status: int, **values: Any) -> Answer:
    return view.page("players/settings.html", status, player=player, **values)
