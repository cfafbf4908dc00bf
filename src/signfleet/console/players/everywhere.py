"""`/console/networks/players`: the players of all networks of a person that a search finds."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from signfleet.console.frame import networks_of
from signfleet.console.pages import Pages
from signfleet.console.players import search
from signfleet.console.players.routes import links_of
from signfleet.console.view import View
from signfleet.fleet.health.schemas import DeviceHealth
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.users.service import Users
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

#: So many networks are searched, and so many players of each are shown.
NETWORKS: Final = 50
SHOWN: Final = 20
NEWEST: Final = "[since] DESC"

pages = Pages("/console/networks/players")
_decoder = msgspec.json.Decoder(list[DeviceHealth])


class Found(NamedTuple):
    """The players of one network: the first ones, and how many there are."""

    network_id: int
    network: str
    players: list[DeviceHealth]
    matching: int


@pages.get("/", needs_network=False)
async def search_networks(
    view: View, health_lists: HealthLists, links: Links, users: Users, permissions: Permissions
) -> Answer:
    """List the players of all networks that the search of the address matches, those of each network together."""
    text = view.call.parameter("search") or ""
    found: list[Found] = []
    error, wanted, conditions = None, None, list[search.Condition]()
    try:
        conditions = search.read(text)
        wanted = search.filter_of(conditions)
        query = ListQuery(wanted, NEWEST, None, SHOWN)
        for row in (await networks_of(view.call.person_id, users))[:NETWORKS]:
            member = await users.session_of(row)
            if not await permissions.allows(member, VIEW_DEVICE):
                continue
            listed = await health_lists.list_(member, query, links_of(view, links))
            players = _decoder.decode(b"[%b]" % b",".join(listed.items))
            if players:
                found.append(Found(row.network_id, row.network_name, players, listed.matching))
    except Invalid as wrong:
        error = wrong.message
    return view.page(
        "players/everywhere.html",
        400 if error else 200,
        text=text,
        filter=wanted,
        conditions=conditions,
        network=found[0].network_id if found else view.session.network_id,
        error=error,
        found=found,
        matching=sum(each.matching for each in found),
    )
