"""`/console/players/change/`: changes of the players that are ticked, or of all that a search matches."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.console.bulk.changes import allowed_commands, change_of, fields_of
from signfleet.console.changes.asking import Question, ask_or_start
from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.players import search
from signfleet.console.players.actions import ACTIONS, allowed_actions
from signfleet.console.view import View
from signfleet.fleet.changes.service import Changes
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.groups.service import Groups
from signfleet.fleet.health.service import HealthLists
from signfleet.fleet.tags.service import TagIndex
from signfleet.foundation.errors import Forbidden, Invalid
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

#: How many players one by one, and how many groups a form offers.
TICKED_LIMIT: Final = 500
GROUPS: Final = 500
EVERYTHING: Final = "[id] IS NOT NULL"

pages = Pages("/console/players")


class _Group(msgspec.Struct):
    id: int
    name: str


_groups = msgspec.json.Decoder(list[_Group])


@pages.post("/change/", operation=UPDATE_DEVICE)
async def change_players(
    view: View,
    *,
    changes: Changes,
    health_lists: HealthLists,
    groups: Groups,
    tag_index: TagIndex,
    commands: Commands,
    permissions: Permissions,
) -> Answer:
    """Ask for what a change needs, show what it would do, and start it when that is confirmed."""
    form, session = FormData(view.call), view.session
    name = form.get("do")
    if name not in ACTIONS:
        raise Invalid(f"'do': choose one of {', '.join(ACTIONS)}.")
    if name not in await allowed_actions(session, permissions):
        raise Forbidden(f"You may not do '{name}' with players.")
    filter_ = _filter(form)
    known: dict[str, Any] = {"question": None, "error": None}
    try:
        new = change_of(name, filter_, form)
        if new is not None:
            asked = await ask_or_start(view, changes, form, new, fields_of(name, form))
            if not isinstance(asked, Question):
                return view.redirect(f"/console/jobs/{asked.id}/")
            asked.fields["filter"] = filter_
            known["question"] = asked
    except Invalid as error:
        known["error"] = error.message
    names = await groups.list_(session, ListQuery(None, None, None, GROUPS)) if name == "group" else None
    offered = await allowed_commands(session, commands, permissions) if name == "command" else {}
    return view.page(
        "players/change.html",
        400 if known["error"] else 200,
        do=name,
        action=ACTIONS[name],
        filter=filter_,
        count=await health_lists.count(session, filter_),
        form=form,
        command=offered.get(form.get("command")),
        commands=offered,
        groups=_groups.decode(b"[%b]" % b",".join(names.items)) if names is not None else [],
        keys=await tag_index.keys(session, None) if name in ("tag", "untag") else [],
        **known,
    )


def _filter(form: FormData) -> str:
    """Returns the filter of the ticked players, or of all that match. Raises `Invalid`."""
    stored = form.get("filter")
    if stored:
        return stored
    if form.get("all"):
        return search.filter_of(search.read(form.get("search"))) or EVERYTHING
    ids = [id_ for id_ in map(id_of, form.all("id")) if id_ is not None]
    if not ids:
        raise Invalid("Tick the players that are meant, or all that match.")
    if len(ids) > TICKED_LIMIT:
        raise Invalid(f"Tick at most {TICKED_LIMIT} players, or choose all that match.")
    return f"[id] IS IN ({', '.join(map(str, ids))})"
