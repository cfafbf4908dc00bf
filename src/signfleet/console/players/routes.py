"""`/console/players`: the list of players, and the palette's search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.cookies import session_token
from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.players import columns, search
from signfleet.console.players.actions import allowed_actions
from signfleet.console.view import View
from signfleet.fleet.devices.screenshots.service import LinkMaker
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.health.schemas import DeviceHealth, DeviceHealthPage
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation import clock
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import SETUP_DEVICE, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.profiles.service import Profiles
from signfleet.identity.saved_views.service import NewView, SavedViews
from signfleet.identity.sign_in.browser import BrowserSessions
from signfleet.identity.users.service import Users
from signfleet.web.contract.paging import ListQuery, Page
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.csv_lists import answer_csv
from signfleet.web.http.paging import answer_page

PAGE_SIZE: Final = 100
CSV_PAGE_SIZE: Final = 500
FOUND: Final = 8
SECTION: Final = "players"
BY_NAME: Final = "[settings].[name] ASC"

pages = Pages("/console")
_decoder = msgspec.json.Decoder(list[DeviceHealth])


@pages.get("/players/", operation=VIEW_DEVICE)
async def list_players(
    view: View,
    *,
    health_lists: HealthLists,
    devices: Devices,
    profiles: Profiles,
    permissions: Permissions,
    saved_views: SavedViews,
    links: Links,
) -> Answer:
    """List the players that the search of the address matches, a page at a time."""
    text = view.call.parameter("search") or ""
    sort = view.call.parameter("sort") or BY_NAME
    given = view.call.parameter("columns") or ""
    chosen = columns.read(given or await columns.chosen(view.call.person_id, profiles))
    marker = view.call.parameter("marker")
    conditions: list[search.Condition] = []
    found, error = None, None
    try:
        conditions = search.read(text)
        query = ListQuery(search.filter_of(conditions), sort, marker, PAGE_SIZE)
        found = await health_lists.list_(view.session, query, links_of(view, links))
    except Invalid as wrong:
        if view.is_fragment:
            raise
        error = wrong.message
    players = _players(found)
    is_whole = not view.is_fragment
    return view.page(
        "players/rows.html" if view.wants_rows else "players/list.html",
        400 if error else 200,
        text=text,
        sort=sort,
        conditions=conditions,
        filter=search.filter_of(conditions),
        found=found,
        marker=marker,
        players=players,
        error=error,
        address=_addresses(text, sort, given),
        columns=chosen,
        all_columns=columns.COLUMNS,
        entities=await columns.entities(view.session, devices, chosen, [player.id for player in players]),
        actions=await allowed_actions(view.session, permissions) if is_whole else {},
        may_select=await permissions.allows(view.session, UPDATE_DEVICE),
        may_add=await permissions.allows(view.session, SETUP_DEVICE),
        views=await saved_views.list_(view.session, SECTION) if is_whole else [],
        may_share=is_whole and await saved_views.may_share(view.session),
    )


@pages.post("/players/columns", operation=VIEW_DEVICE)
async def choose_columns(view: View, profiles: Profiles) -> Answer:
    """Choose the columns of the list, for this person everywhere."""
    form = FormData(view.call)
    await columns.choose(view.call.person_id, profiles, form.all("column"), view.now)
    return view.redirect(_back(form))


@pages.post("/players/views", operation=VIEW_DEVICE)
async def save_view(view: View, saved_views: SavedViews) -> Answer:
    """Save the view of the address under a name, for oneself or for everybody."""
    form = FormData(view.call)
    new = NewView(SECTION, form.get("name"), _query(form), is_shared=form.get("shared") == "1")
    await saved_views.save(view.session, new, view.now)
    return view.redirect(_back(form))


@pages.post("/players/views/delete", operation=VIEW_DEVICE)
async def delete_view(view: View, saved_views: SavedViews, users: Users) -> Answer:
    """Delete a saved view."""
    form = FormData(view.call)
    is_shared = form.get("shared") == "1"
    found = await saved_views.get(view.session, SECTION, form.get("name"), is_shared=is_shared)
    count = len(await users.of_network(view.session.network)) if is_shared else 0
    if (asked := question(view, Loss("view", found.name, count), _back(form))) is not None:
        return asked
    await saved_views.delete(view.session, SECTION, found.name, view.now, is_shared=is_shared)
    return view.redirect(_back(form))


def _query(form: FormData) -> str:
    """Returns what an address of the list has of the query of a form."""
    try:
        given = dict(parse_qsl(form.get("query").lstrip("?"), max_num_fields=10))
    except ValueError as error:
        raise Invalid("'query': that is not the query of an address.") from error
    known: dict[str, str] = {name: given[name] for name in ("search", "sort", "columns") if name in given}
    return urlencode(known)


def _back(form: FormData) -> str:
    """Returns the address of the list that a form stands in."""
    query = _query(form)
    return f"/console/players/?{query}" if query else "/console/players/"


@pages.get("/players/csv", operation=VIEW_DEVICE)
async def export_players(view: View, health_lists: HealthLists, sessions: BrowserSessions, links: Links) -> Answer:
    """Get all players that the search of the address matches, as CSV."""
    call, token = view.call, session_token(view.call) or ""
    filter_ = search.filter_of(search.read(call.parameter("search") or ""))
    sort = call.parameter("sort") or BY_NAME

    async def page(call: Call) -> Answer:
        query = ListQuery(filter_, sort, call.parameter("marker"), CSV_PAGE_SIZE)
        return answer_page(await health_lists.list_(call.session, query, links_of(view, links)), query.size)

    async def admit() -> None:
        await sessions.find(token, call.address, clock.now(), is_use=False)

    answer = await answer_csv(call, page, {}, DeviceHealthPage, admit)
    answer.headers["Content-Disposition"] = 'attachment; filename="players.csv"'
    return answer


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


def _addresses(text: str, sort: str, given: str) -> Callable[..., str]:
    """Returns what makes the address of this list with other parameters."""

    def address(**other: Any) -> str:
        values = {"search": text, "sort": "" if sort == BY_NAME else sort, "columns": given, **other}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    return address
