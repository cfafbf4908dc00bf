"""`/console/networks`: all networks of a person with their health, and the choice of one."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.forms import FormData
from signfleet.console.pages import START, Pages
from signfleet.console.view import View
from signfleet.fleet.health.overview import Overviews
from signfleet.fleet.health.schemas import HealthCounts
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.self_.session.service import SessionChanges
from signfleet.identity.users.service import Users
from signfleet.web.http.call import Answer

#: Of more networks, the page shows the names alone.
COUNTED: Final = 50

pages = Pages("/console/networks")


class _Network(NamedTuple):
    """A network of the person; None: they may not see its players."""

    id: int
    name: str
    health: HealthCounts | None
    devices: int


@pages.get("/", needs_network=False)
async def list_networks(view: View, users: Users, permissions: Permissions, overviews: Overviews) -> Answer:
    """List the networks of the person, with the health of their players."""
    networks = []
    for place, row in enumerate(await users.of_person(view.call.person_id)):
        if row.is_locked_out or row.network_is_locked_out:
            continue
        overview = None
        if place < COUNTED:
            member = await users.session_of(row)
            if await permissions.allows(member, VIEW_DEVICE):
                overview = await overviews.get(member, view.now)
        health, devices = (None, 0) if overview is None else (overview.health, overview.devices)
        networks.append(_Network(row.network_id, row.network_name, health, devices))
    return view.page("networks.html", networks=networks, chosen=view.session.network_id)


@pages.post("/", needs_network=False)
async def choose_network(view: View, session_changes: SessionChanges) -> Answer:
    """Choose the network of the form for this browser's session."""
    network_id = id_of(FormData(view.call).get("network"))
    await session_changes.choose_network(view.session, network_id, None, view.now)
    return view.redirect(START)
