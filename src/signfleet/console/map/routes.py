"""`/console/map`: a dot for each place, with its players by health, and the same as a list."""

from __future__ import annotations

from urllib.parse import urlencode

from signfleet.console.pages import Pages
from signfleet.console.players import search
from signfleet.console.view import View
from signfleet.fleet.devices.regions.service import Regions, Spot
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.http.call import Answer

pages = Pages("/console/map")


@pages.get("/", operation=VIEW_DEVICE)
async def show_map(view: View, regions: Regions, devices: Devices) -> Answer:
    """Get where the players stand that the search of the address matches."""
    text = view.call.parameter("search") or ""
    conditions = list[search.Condition]()
    error, filter_, spots, nowhere = None, None, list[Spot](), 0
    try:
        conditions = search.read(text)
        filter_ = search.filter_of(conditions)
        spots = await regions.spots(view.session, filter_)
        nowhere = await devices.count(view.session, filter_) - sum(spot.devices for spot in spots)
    except Invalid as wrong:
        error = wrong.message
    return view.page(
        "map/map.html",
        400 if error else 200,
        text=text,
        filter=filter_,
        conditions=conditions,
        spots=[(spot, name_of(spot), players_at(spot.path, filter_)) for spot in spots],
        nowhere=max(nowhere, 0),
        nowhere_address=_players("[settings].[location].[path] IS NULL", filter_),
        error=error,
    )


def name_of(spot: Spot) -> str:
    """Returns the names of a place, the nearest first."""
    return ", ".join(reversed(spot.path.strip("/").split("/")))


def players_at(path: str, filter_: str | None) -> str:
    """Returns the address of the players at and below a place."""
    return _players(f"[settings].[location].[path] BEGINS WITH {search.exactly(path)}", filter_)


def _players(condition: str, filter_: str | None) -> str:
    whole = f"{condition} AND ({filter_})" if filter_ else condition
    return "/console/players/?" + urlencode({"search": whole})
