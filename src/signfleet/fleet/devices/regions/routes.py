"""`/Devices/Regions`: where devices stand."""

from __future__ import annotations

from signfleet.fleet.devices.regions.schemas import PlayersRegion
from signfleet.fleet.devices.regions.service import Regions
from signfleet.fleet.devices.scopes import NAME, PREFIX, RETRIEVE
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import FILTER, Endpoints

endpoints = Endpoints(f"{PREFIX}/Regions", family=NAME)


@endpoints.get("/{location_path:path}/", operation=VIEW_DEVICE, parameters=(FILTER,), answer=list[PlayersRegion])
async def list_regions(call: Call, regions: Regions, location_path: str) -> Answer:
    """List the places at and below a path, with totals of their devices."""
    return Answer(body=await regions.below(call.session, location_path, call.parameter("filter")))


@endpoints.get(
    "/",
    scope=RETRIEVE,
    operation=VIEW_DEVICE,
    parameters=(FILTER,),
    answer=list[PlayersRegion],
    errors="300 400 401 403 406 5XX",
)
async def list_all_regions(call: Call, regions: Regions) -> Answer:
    """List all places where devices stand, with totals of their devices."""
    return Answer(body=await regions.below(call.session, "", call.parameter("filter")))
