"""The settings of a player: what people edit, what its player has applied of it, and tags and note."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from signfleet.console.forms import FormData, differing
from signfleet.console.pages import Pages
from signfleet.console.player.page import PlayerPages, due_of
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.devices.agent.service import Agents
from signfleet.fleet.devices.notes.schemas import NoteChange
from signfleet.fleet.devices.notes.service import Notes, version_of_note
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.settings import DeviceSettings
from signfleet.fleet.devices.tags.service import Tags, read_change
from signfleet.foundation.errors import Invalid, Stale
from signfleet.identity.access.operations.definitions import MANAGE_TAGS, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.audit.masking import masked
from signfleet.web.contract.patch import PatchOperation
from signfleet.web.http.call import Answer

NOTE_LIMIT: Final = 4096


class Edited(NamedTuple):
    """A setting that the form edits: its path, its words, its kind as in the settings of networks, and a hint."""

    path: str
    words: str
    kind: str = "text"
    hint: str = ""
    #: Empty text means that it is not set.
    is_optional: bool = False


EDITED: Final = {
    "name": Edited("name", later("Name")),
    "description": Edited("description", later("Description"), "textarea", is_optional=True),
    "timezone": Edited(
        "timezone", later("Time zone"), hint=later("Such as Europe/Paris; empty: its own"), is_optional=True
    ),
    "period": Edited("synchronization/status/period", later("Time between two reports"), "span"),
}

pages = Pages("/console/players")


class _Seen(msgspec.Struct):
    settings: dict[str, Any]


@pages.get("/{player}/settings/", operation=VIEW_DEVICE)
async def show_settings(view: View, player_pages: PlayerPages, devices: Devices, agents: Agents, player: str) -> Answer:
    """Get the settings of a player, and whether it has applied them."""
    seen = await devices.get(view.session, player)
    settings = msgspec.json.decode(seen.document, type=_Seen).settings
    return await _answer(
        view, player_pages, agents, player, settings=settings, values=values_of(settings), version=seen.row.version
    )


@pages.post("/{player}/settings/", operation=UPDATE_DEVICE)
async def change_settings(
    view: View,
    *,
    player_pages: PlayerPages,
    devices: Devices,
    device_settings: DeviceSettings,
    agents: Agents,
    player: str,
) -> Answer:
    """Change settings of a player, unless somebody else has changed them since the form was shown."""
    form = FormData(view.call)
    mine = {
        name: form.span(name) if edited.kind == "span" else form.get(name).strip() for name, edited in EDITED.items()
    }
    before = await devices.get(view.session, player)
    settings = msgspec.json.decode(before.document, type=_Seen).settings
    version: int | str = form.get("version")
    state: dict[str, Any] = {}
    status = 200
    try:
        await device_settings.patch(view.session, player, _changes(settings, mine), form.precondition, view.now)
        state, status = {"is_saved": True}, 200
    except Invalid as error:
        state, status = {"error": error.message}, 400
    except Stale:
        state, status = {}, 412
    seen = await devices.get(view.session, player)
    settings = msgspec.json.decode(seen.document, type=_Seen).settings
    theirs = values_of(settings)
    if status == 412:
        pairs = [(edited.words, mine[name], theirs[name]) for name, edited in EDITED.items()]
        state = {"conflict": [each for each in pairs if each[1] != each[2]]}
        if not state["conflict"]:
            state, status = {"is_saved": True}, 200
    version = version if status == 400 else seen.row.version
    values = theirs if status == 200 else mine
    return await _answer(
        view, player_pages, agents, player, settings=settings, values=values, status=status, version=version, **state
    )


@pages.post("/{player}/tags/", operation=MANAGE_TAGS)
async def change_tags(view: View, tags: Tags, player: str) -> Answer:
    """Add a tag to a player or remove one; each can be taken back."""
    form = FormData(view.call)
    key, value, is_removal = form.get("key").strip(), form.get("value").strip(), bool(form.get("remove"))
    is_undo = bool(form.get("undo"))
    before = msgspec.json.decode(await tags.get(view.session, player), type=dict[str, str])
    if is_removal and is_undo:  # of the tag that was added, not of what somebody else has made of it since
        await tags.change(view.session, player, read_change({}, [key], {key: value}), view.now)
    elif is_removal:
        await tags.remove(view.session, player, [key], view.now)
    elif not key:
        raise Invalid("'key': name the tag.")
    else:
        await tags.add(view.session, player, {_whole(key): value}, view.now)
    if not view.is_fragment:
        return view.redirect(f"/console/players/{player}/")
    present = msgspec.json.decode(await tags.get(view.session, player), type=dict[str, str])
    changed = next(iter(before.items() ^ present.items()), None)
    return view.page(
        "player/tags-changed.html",
        device=player,
        tags=present,
        may_tag=True,
        changed=changed,
        is_removal=is_removal,
        is_undo=is_undo,
    )


@pages.post("/{player}/note/", operation=UPDATE_DEVICE)
async def change_note(view: View, notes: Notes, player: str) -> Answer:
    """Replace the note of a player, unless somebody else has; the one before can be taken back."""
    form = FormData(view.call)
    text = form.get("note").replace("\r\n", "\n")
    if len(text) > NOTE_LIMIT:
        raise Invalid(f"'note' has at most {NOTE_LIMIT} characters.")
    before = await notes.get(view.session, player)
    shown: dict[str, Any] = {"device": player, "may_change": True, "conflict": None}
    try:
        await notes.put(view.session, player, NoteChange(text), view.now, form.precondition)
    except Stale:
        note = await notes.get(view.session, player)
        shown["conflict"] = differing({"note": view.text("Note")}, {"note": text}, {"note": note.note})
        if shown["conflict"]:
            template = "player/note.html" if view.is_fragment else "player/note-page.html"
            return view.page(template, 412, note=note, given=text, version=version_of_note(note.note), **shown)
    if not view.is_fragment:
        return view.redirect(f"/console/players/{player}/")
    note = await notes.get(view.session, player)
    shown |= {"version": version_of_note(note.note), "given": note.note}
    is_undo = bool(form.get("undo"))
    return view.page("player/note-changed.html", note=note, before=before.note, is_undo=is_undo, **shown)


def values_of(settings: dict[str, Any]) -> dict[str, str]:
    """Returns what the form shows of settings."""
    return {name: _text(settings, edited.path) for name, edited in EDITED.items()}


def _text(settings: dict[str, Any], path: str) -> str:
    value: Any = settings
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def _changes(settings: dict[str, Any], mine: dict[str, str]) -> list[PatchOperation]:
    """Returns the changes to the settings that differ; a name always, so that the precondition is checked."""
    present = values_of(settings)
    return [
        PatchOperation("replace", f"/settings/{edited.path}", mine[name] or (None if edited.is_optional else ""))
        for name, edited in EDITED.items()
        if name == "name" or mine[name] != present[name]
    ]


def _whole(key: str) -> str:
    """Returns a key as the API writes it: a bare word is a text."""
    return key if "<" in key or ":" in key else f"string::[Device].<{key}>"


async def _answer(
    view: View,
    player_pages: PlayerPages,
    agents: Agents,
    player: str,
    *,
    settings: dict[str, Any],
    values: dict[str, str],
    status: int = 200,
    **state: Any,
) -> Answer:
    shown = await player_pages.get(view, player)
    return player_pages.answer(
        view,
        shown,
        "settings",
        status,
        values=values,
        edited=EDITED,
        progress=(await agents.get(view.session, player)).settings,
        due=due_of(shown.health.last_report, settings),
        document=msgspec.json.format(msgspec.json.encode(masked(settings))).decode(),
        **{"error": None, "conflict": None, "is_saved": False, **state},
    )
