"""`/console/groups`: the groups of the network; people create, rename, fill and delete them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from signfleet.console.changes.asking import JOBS, Question, ask_or_start
from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData, beside
from signfleet.console.pages import Pages
from signfleet.console.players import search
from signfleet.console.view import View
from signfleet.fleet.changes.schemas import NewChange, WantedGroup
from signfleet.fleet.changes.service import Changes
from signfleet.fleet.groups.creation import DEFAULT_GROUP
from signfleet.fleet.groups.schemas import GroupChange, NewGroup
from signfleet.fleet.groups.service import Groups
from signfleet.foundation.errors import Invalid, NotFound, Stale
from signfleet.foundation.wire.datetime import parse
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import (
    CREATE_GROUP,
    DELETE_GROUP,
    UPDATE_DEVICE,
    UPDATE_GROUP,
    VIEW_AUDIT,
    VIEW_DEVICE,
    VIEW_GROUP,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 100
PATH: Final = "/console/groups/"
LIMITS: Final = {"name": 128, "description": 4096}

pages = Pages("/console/groups")


class _Group(msgspec.Struct, rename="camel"):
    """What pages show of a group."""

    id: int
    name: str
    description: str | None
    last_modified_date: str
    devices_count: int


_decoder = msgspec.json.Decoder(list[_Group])


@pages.get("/", operation=VIEW_GROUP)
async def list_groups(view: View, groups: Groups, permissions: Permissions) -> Answer:
    """List the groups whose name has some words, a page at a time."""
    return await _list(view, groups, permissions)


@pages.post("/", operation=CREATE_GROUP)
async def create_group(view: View, groups: Groups, permissions: Permissions) -> Answer:
    """Create a group."""
    await permissions.require_everywhere(view.session, CREATE_GROUP)
    given = _given(FormData(view.call))
    try:
        _check(given)
        group = await groups.create(view.session, NewGroup(given["name"], given["description"] or None), view.now)
    except Invalid as error:
        return await _list(view, groups, permissions, 400, given=given, errors=beside(error, {"name": "name"}))
    return view.redirect(f"{PATH}{group.id}/")


@pages.get("/{group}/", operation=VIEW_GROUP)
async def show_group(view: View, groups: Groups, permissions: Permissions, group: str) -> Answer:
    """Get one group: how many players it has, and what can be done with it."""
    found = await _find(view, groups, group)
    return await _page(view, permissions, found)


@pages.post("/{group}/", operation=UPDATE_GROUP)
async def change_group(view: View, groups: Groups, permissions: Permissions, group: str) -> Answer:
    """Change name or description of a group, unless somebody else has changed them since the form was shown."""
    form = FormData(view.call)
    given, found = _given(form), await _find(view, groups, group)
    try:
        _check(given)
        change = GroupChange(name=given["name"], description=given["description"] or None)
        await groups.update(view.session, str(found.id), change, form.precondition, view.now)
    except Invalid as error:
        return await _page(view, permissions, found, 400, given=given, errors=beside(error, {"name": "name"}))
    except Stale:
        found = await _find(view, groups, group)
        stored = {"name": found.name, "description": found.description or ""}
        words = {"name": view.text("Name"), "description": view.text("Description")}
        conflict = [(words[name], given[name], stored[name]) for name in words if given[name] != stored[name]]
        if conflict:
            return await _page(view, permissions, found, 412, given=given, conflict=conflict)
    return view.redirect(f"{PATH}{found.id}/")


@pages.post("/{group}/move", operation=UPDATE_DEVICE)
async def move_players(view: View, *, groups: Groups, permissions: Permissions, changes: Changes, group: str) -> Answer:
    """Move all players that a search finds into a group; first show how many, and the first of them."""
    form, found = FormData(view.call), await _find(view, groups, group)
    asked = None
    try:
        filter_ = search.filter_of(search.read(form.get("search")))
        if filter_ is None:
            raise Invalid("'search': say which players are meant.")
        new = NewChange(filter=filter_, group=WantedGroup(id=found.id))
        asked = await ask_or_start(view, changes, form, new, ["search"])
    except Invalid as error:
        return await _page(view, permissions, found, 400, search=form.get("search"), errors={"search": error.message})
    if isinstance(asked, Question):
        return await _page(view, permissions, found, search=form.get("search"), question=asked)
    return view.redirect(f"{JOBS}{asked.id}/")


@pages.post("/{group}/delete", operation=DELETE_GROUP)
async def delete_group(view: View, groups: Groups, permissions: Permissions, group: str) -> Answer:
    """Delete a group; its players move to the default group."""
    form, found = FormData(view.call), await _find(view, groups, group)
    loss = Loss("group", found.name, found.devices_count, DEFAULT_GROUP)
    if (asked := question(view, loss, f"{PATH}{found.id}/")) is not None:
        return asked
    try:
        await groups.delete(view.session, str(found.id), form.precondition, view.now)
    except Invalid as error:
        return await _page(view, permissions, found, 400, errors={"delete": error.message})
    except Stale as error:
        found = await _find(view, groups, group)
        return await _page(view, permissions, found, 412, errors={"delete": error.message})
    return view.redirect(PATH)


async def _find(view: View, groups: Groups, ref: str) -> _Group:
    """Returns a group by its id. Raises `NotFound`."""
    id_ = id_of(ref)
    found = None if id_ is None else await groups.list_(view.session, ListQuery(f"[id] IS {id_}", None, None, 1))
    if found is None or not found.items:
        raise NotFound.in_network("group", ref)
    return _decoder.decode(b"[%b]" % b",".join(found.items))[0]


async def _list(view: View, groups: Groups, permissions: Permissions, status: int = 200, **state: Any) -> Answer:
    words, marker = view.call.parameter("search") or "", view.call.parameter("marker")
    filter_ = f"[name] CONTAINS {search.quoted(words)}" if words else None
    found = await groups.list_(view.session, ListQuery(filter_, None, marker, PAGE_SIZE))
    following = {name: value for name, value in (("search", words), ("marker", found.next_marker)) if value}
    known: dict[str, Any] = {"given": {"name": "", "description": ""}, "errors": {}, "marker": marker}
    return view.page(
        "groups/rows.html" if view.wants_rows else "groups/list.html",
        status,
        words=words,
        filter=filter_,
        found=found,
        groups=_decoder.decode(b"[%b]" % b",".join(found.items)),
        more=f"{PATH}?{urlencode(following)}" if found.next_marker else None,
        may_create=await permissions.allows(view.session, CREATE_GROUP),
        sees_players=await permissions.allows(view.session, VIEW_DEVICE),
        **{**known, **state},
    )


async def _page(view: View, permissions: Permissions, group: _Group, status: int = 200, **state: Any) -> Answer:
    known: dict[str, Any] = {
        "given": {"name": group.name, "description": group.description or ""},
        "errors": {},
        "conflict": None,
        "question": None,
        "search": "",
    }
    session = view.session
    return view.page(
        "groups/group.html",
        status,
        group=group,
        version=parse(group.last_modified_date),
        is_default=fold(group.name) == fold(DEFAULT_GROUP),
        default_group=DEFAULT_GROUP,
        may_audit=await permissions.allows(session, VIEW_AUDIT),
        may_update=await permissions.allows_on(session, UPDATE_GROUP, group.id),
        may_delete=await permissions.allows_on(session, DELETE_GROUP, group.id),
        may_move=await permissions.allows(session, UPDATE_DEVICE),
        sees_players=await permissions.allows(session, VIEW_DEVICE),
        **{**known, **state},
    )


def _given(form: FormData) -> dict[str, str]:
    return {name: form.get(name) for name in LIMITS}


def _check(given: dict[str, str]) -> None:
    for name, limit in LIMITS.items():
        if len(given[name]) > limit:
            raise Invalid(f"'{name}' has at most {limit} characters.")
