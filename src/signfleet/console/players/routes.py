"""`/console/players`: the list of players."""

from __future__ import annotations

from typing import Any

import msgspec

from signfleet.console.pages import Pages
from signfleet.console.players.lean import LeanPlayer
from signfleet.console.view import View
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.contract.paging import ListQuery, Page
from signfleet.web.http.call import Answer

PAGE_SIZE = 100

pages = Pages("/console/players")
_decoder = msgspec.json.Decoder(list[LeanPlayer])


@pages.get("/", operation=VIEW_DEVICE)
async def list_players(view: View, devices: Devices) -> Answer:
    """List the players that match the filter of the address, a page at a time."""
    call = view.call
    query = ListQuery(
        call.parameter("filter"), call.parameter("sort") or "[settings].[name] ASC", call.parameter("marker"), PAGE_SIZE
    )
    try:
        found = await devices.list_(call.session, query)
    except Invalid as error:
        return _list(view, query, None, status=400, error=error.message)
    return _list(view, query, found)


def _list(view: View, query: ListQuery, found: Page | None, status: int = 200, **values: Any) -> Answer:
    players = [] if found is None else _decoder.decode(b"[%b]" % b",".join(found.items))
    template = "players/rows.html" if view.is_fragment else "players/list.html"
    return view.page(template, status, query=query, found=found, players=players, **({"error": None} | values))
