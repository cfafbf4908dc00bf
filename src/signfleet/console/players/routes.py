"""`/console/players`: the list of players, and the palette's search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from signfleet.console.pages import Pages
from signfleet.console.players import search
from signfleet.console.view import View
from signfleet.fleet.devices.screenshots.service import LinkMaker
from signfleet.fleet.health.schemas import DeviceHealth
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.contract.paging import ListQuery, Page
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 100
FOUND: Final = 8
BY_NAME: Final = "[settings].[name] ASC"

pages = Pages("/console")
_decoder = msgspec.json.Decoder(list[DeviceHealth])


@pages.get("/players/", operation=VIEW_DEVICE)
async def list_players(view: View, health_lists: HealthLists, links: Links) -> Answer:
    """List the players that the search of the address matches, a page at a time."""
    text = view.call.parameter("search") or ""
    sort = view.call.parameter("sort") or BY_NAME
    conditions: list[search.Condition] = []
    found, error = None, None
    try:
        conditions = search.read(text)
        query = ListQuery(search.filter_of(conditions), sort, view.call.parameter("marker"), PAGE_SIZE)
        found = await health_lists.list_(view.session, query, links_of(view, links))
    except Invalid as wrong:
        error = wrong.message
    marker = view.call.parameter("marker")
    template = "players/list.html"
    if view.is_fragment and error is None:
        is_open = (view.call.header(b"x-fragment") or "").startswith("rows")
        template = "players/refreshed.html" if is_open else "players/rows.html" if marker else template
    return view.page(
        template,
        400 if error else 200,
        text=text,
        sort=sort,
        conditions=conditions,
        filter=search.filter_of(conditions),
        found=found,
        marker=marker,
        players=_players(found),
        error=error,
        address=_addresses(text, sort),
    )


@pages.get("/find", operation=VIEW_DEVICE)
async def find_players(view: View, health_lists: HealthLists, links: Links) -> Answer:
    """Find the first players whose name or serial has some words, for the palette."""
    words = (view.call.parameter("words") or "").replace(":", " ").lstrip("[<(")
    query = ListQuery(search.filter_of(search.read(words)), BY_NAME, None, FOUND)
    found = await health_lists.list_(view.session, query, links_of(view, links))
    return view.page("players/found.html", players=_players(found))


def links_of(view: View, links: Links) -> LinkMaker:
    """Returns what makes the links of pictures, which last as long as a page is open."""
    return LinkMaker(links, view.call.base_url, view.now)


def _players(found: Page | None) -> list[DeviceHealth]:
    return [] if found is None else _decoder.decode(b"[%b]" % b",".join(found.items))


def _addresses(text: str, sort: str) -> Callable[..., str]:
    """Returns what makes the address of this list with other parameters."""

    def address(**other: Any) -> str:
        given = {"search": text, "sort": sort, **other}
        return "?" + urlencode({name: value for name, value in given.items() if value})

    return address
