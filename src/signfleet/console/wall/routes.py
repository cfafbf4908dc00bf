"""`/console/wall`: the latest picture of each player, with links for screens that nobody signs in at."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData, fitted
from signfleet.console.pages import Pages
from signfleet.console.player.page import items
from signfleet.console.players import search
from signfleet.console.players.routes import BY_NAME
from signfleet.console.preferences import preferences_of
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.devices.screenshots.service import LinkMaker
from signfleet.fleet.health.schemas import DeviceHealth
from signfleet.fleet.health.service import HealthLists
from signfleet.fleet.walls.schemas import NewWallLink
from signfleet.fleet.walls.service import WallLinks
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.blobs.sized import SIDES
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.definitions import SETUP_DEVICE, UPDATE_NETWORK_SETTINGS, VIEW_SCREENSHOTS
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.profiles.service import Profiles
from signfleet.web.caller.session import Session
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

#: Players on a page; a kiosk shows one page after the other.
PAGE_SIZE: Final = 60
KIOSK_SIZE: Final = 24
ORDERS: Final = {
    "name": (BY_NAME, later("Name")),
    "health": ("[status].[health] DESC", later("Health")),
    "report": ("[lastReport] ASC", later("Last report")),
}
#: What a picture looks like beside the one before it.
LOOKS: Final = {
    "changed": ("good", later("changed")),
    "same": ("none", later("same")),
    "black": ("bad", later("black")),
}
#: How long a link may last, in days.
DAYS: Final = {"1": later("1 day"), "7": later("7 days"), "30": later("30 days"), "365": later("1 year")}

pages = Pages("/console")


@pages.get("/wall/", operation=VIEW_SCREENSHOTS)
async def show_wall(
    view: View, health_lists: HealthLists, links: Links, permissions: Permissions, wall_links: WallLinks
) -> Answer:
    """List the players that the search of the address matches, with the latest picture of each."""
    given = _given(view)
    marker, is_kiosk = view.call.parameter("marker"), view.call.parameter("kiosk") == "1"
    error, conditions = None, list[search.Condition]()
    shown: dict[str, Any] = {"players": [], "found": None, "more": None}
    try:
        conditions = search.read(given["search"])
        size = KIOSK_SIZE if is_kiosk else PAGE_SIZE
        maker = LinkMaker(links, view.call.base_url, view.now, given["side"])
        query = ListQuery(search.filter_of(conditions), ORDERS[given["order"]][0], marker, size)
        shown = await _tiles(health_lists, view.session, query, maker)
    except Invalid as wrong:
        error = wrong.message
    may_share = await permissions.allows_on(view.session, UPDATE_NETWORK_SETTINGS, view.session.network)
    template = "wall/wall.html"
    if is_kiosk:
        template = _kiosk_template(view)
    elif view.is_fragment and not error:
        template = "wall/tiles.html" if view.is_refresh else "wall/page.html"
    return view.page(
        template,
        400 if error else 200,
        given=given,
        address=_address,
        kiosk=_kiosk(given, shown),
        sides=SIDES,
        orders=ORDERS,
        looks=LOOKS,
        days=DAYS,
        is_kiosk=is_kiosk,
        marker=marker,
        conditions=conditions,
        error=error,
        filter=search.filter_of(conditions),
        may_share=may_share,
        may_add=not shown["players"] and await permissions.allows(view.session, SETUP_DEVICE),
        stored=await wall_links.list_(view.session.network) if may_share and not view.is_fragment else [],
        **shown,
    )


@pages.post("/wall/links/", operation=UPDATE_NETWORK_SETTINGS)
async def create_link(view: View, wall_links: WallLinks, permissions: Permissions) -> Answer:
    """Create a link that shows a wall to everybody who has it, and show it once."""
    form = FormData(view.call)
    days = form.get("days")
    if days not in DAYS:
        raise Invalid(f"'days': choose one of {', '.join(DAYS)}.")
    await permissions.require_on(view.session, UPDATE_NETWORK_SETTINGS, view.session.network)
    new = {
        "name": form.get("name"),
        "filter": search.filter_of(search.read(form.get("search"))),
        "side": form.get("side"),
        "expirationDate": datetime.format(view.now + int(days) * DAY),
    }
    made = await wall_links.create(view.session, fitted(new, NewWallLink), view.now)
    return view.page(
        "wall/links.html",
        link=f"{view.call.base_url}{made.path}",
        stored=await wall_links.list_(view.session.network),
    )


@pages.get("/wall/links/", operation=UPDATE_NETWORK_SETTINGS)
async def list_links(view: View, wall_links: WallLinks, permissions: Permissions) -> Answer:
    """List the links to walls of the network."""
    await permissions.require_on(view.session, UPDATE_NETWORK_SETTINGS, view.session.network)
    return view.page("wall/links.html", link=None, stored=await wall_links.list_(view.session.network))


@pages.post("/wall/links/{link}/revoke", operation=UPDATE_NETWORK_SETTINGS)
async def revoke_link(view: View, wall_links: WallLinks, permissions: Permissions, link: str) -> Answer:
    """Revoke a link to a wall."""
    await permissions.require_on(view.session, UPDATE_NETWORK_SETTINGS, view.session.network)
    found = await wall_links.get(view.session.network, link)
    if (asked := question(view, Loss("link", found.name), "/console/wall/links/")) is not None:
        return asked
    await wall_links.revoke(view.session.network, link, view.now)
    return view.redirect("/console/wall/links/")


@pages.get("/kiosk/{token}/", needs_person=False, needs_network=False)
async def show_linked_wall(
    view: View, wall_links: WallLinks, health_lists: HealthLists, links: Links, profiles: Profiles, token: str
) -> Answer:
    """Get the wall of a link, for everybody who has it, in the language and time zone of its author."""
    link, session = await wall_links.open(token, view.now)
    if session.person_id is not None:
        view.preferences = await preferences_of(session.person_id, profiles)
    query = ListQuery(link.filter, BY_NAME, view.call.parameter("marker"), KIOSK_SIZE)
    maker = LinkMaker(links, view.call.base_url, view.now, link.side)
    shown = await _tiles(health_lists, session, query, maker)
    return view.page(
        _kiosk_template(view),
        given={"search": "", "side": link.side, "order": "name"},
        kiosk=_kiosk({}, shown),
        looks=LOOKS,
        is_kiosk=True,
        name=link.name,
        **shown,
    )


async def _tiles(health_lists: HealthLists, session: Session, query: ListQuery, maker: LinkMaker) -> dict[str, Any]:
    """Returns a page of players as a session may see them, with pictures of a size."""
    found = await health_lists.list_(session, query, maker)
    return {"players": items(found, DeviceHealth), "found": found, "more": found.next_marker}


def _given(view: View) -> dict[str, str]:
    """Returns what the address says of the wall. Raises `Invalid` for an unknown size or order."""
    given = {
        "search": view.call.parameter("search") or "",
        "side": view.call.parameter("side") or "320",
        "order": view.call.parameter("order") or "name",
    }
    for name, known in (("side", SIDES), ("order", ORDERS)):
        if given[name] not in known:
            raise Invalid(f"'{name}': choose one of {', '.join(known)}.")
    return given


def _address(**given: Any) -> str:
    return "?" + urlencode({name: value for name, value in given.items() if value})


def _kiosk_template(view: View) -> str:
    return "wall/kiosk-part.html" if view.is_fragment else "wall/kiosk.html"


def _kiosk(given: dict[str, str], shown: dict[str, Any]) -> str:
    """Returns the address of the next page of a kiosk: the first one after the last."""
    own = {**given, "kiosk": "1"} if given else {}
    return _address(**own, marker=shown["more"])
