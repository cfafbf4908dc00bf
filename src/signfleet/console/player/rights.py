"""Who may do what on a player, and why."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlencode

import msgspec

from signfleet.console.pages import Pages
from signfleet.console.player.page import PlayerPages, items
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.permission_explanation.schemas import Explanation
from signfleet.fleet.permission_explanation.service import Explanations
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations import definitions
from signfleet.identity.access.operations.definitions import EDIT_USER_PERMISSIONS
from signfleet.identity.users.administration import UserAdministration
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

#: How many users a page explains: each costs some queries.
PAGE_SIZE: Final = 20
#: What one does with a player, by the key of the operation.
OPERATIONS: Final = {
    operation.key: words
    for operation, words in (
        (definitions.VIEW_DEVICE, later("See it")),
        (definitions.VIEW_SCREENSHOTS, later("See its pictures")),
        (definitions.UPDATE_DEVICE, later("Change its settings")),
        (definitions.MANAGE_TAGS, later("Tag it")),
        (definitions.CHANGE_TARGET_GROUP, later("Move it to another group")),
        (definitions.SEND_LOOK_COMMANDS, later("Take pictures, fetch logs")),
        (definitions.SEND_NUDGE_COMMANDS, later("Reboot it")),
        (definitions.SEND_CHANGE_COMMANDS, later("Change its registry")),
        (definitions.SEND_UPDATE_COMMANDS, later("Update its firmware")),
        (definitions.SEND_DANGER_COMMANDS, later("Run scripts on it")),
        (definitions.EDIT_DEVICE_PERMISSIONS, later("Give rights on it")),
        (definitions.DELETE_DEVICE, later("Delete it")),
    )
}

pages = Pages("/console/players")


class _Person(msgspec.Struct):
    login: str


class _User(msgspec.Struct):
    id: int
    person: _Person


@pages.get("/{player}/rights/", operation=EDIT_USER_PERMISSIONS)
async def show_rights(
    view: View,
    player_pages: PlayerPages,
    explanations: Explanations,
    user_administration: UserAdministration,
    player: str,
) -> Answer:
    """Get who may do an operation on a player and why, or with a `user`, what that user may do."""
    shown = await player_pages.get(view, player)
    session, ref = view.session, str(shown.health.id)
    operation = view.call.parameter("operation") or definitions.UPDATE_DEVICE.key
    if operation not in OPERATIONS:
        raise Invalid(f"'operation': choose one of {', '.join(OPERATIONS)}.")
    user = view.call.parameter("user")
    if user is not None:
        asked, more = [(user, key) for key in OPERATIONS], None
    else:
        found = await user_administration.list_(
            session, ListQuery(None, None, view.call.parameter("marker"), PAGE_SIZE)
        )
        asked = [(str(each.id), operation) for each in items(found, _User)]
        more = (
            found.next_marker and f"{view.call.path}?{urlencode({'operation': operation, 'marker': found.next_marker})}"
        )
    explained: list[tuple[str, Explanation]] = []
    for who, key in asked:
        explained.append((key, await explanations.explain(session.network, who, key, ref, session)))
        await asyncio.sleep(0)  # other requests get their turn
    return player_pages.answer(
        view,
        shown,
        "rights",
        user=explained[0][1].user if user is not None else None,
        operation=operation,
        operations=OPERATIONS,
        explained=explained,
        more=more,
    )
