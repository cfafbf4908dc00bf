"""`/Devices/ScreenShots` and `/Devices/{device}/ScreenShots`: screenshots that devices have uploaded."""

from __future__ import annotations

from signfleet.fleet.devices.scopes import PREFIX
from signfleet.fleet.devices.screenshots.schemas import ScreenShotPage
from signfleet.fleet.devices.screenshots.service import LinkMaker, ScreenshotLists
from signfleet.foundation.blobs.links import Links
from signfleet.identity.access.operations.definitions import VIEW_SCREENSHOTS
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import FILTER, LISTING, PAGING, SORT, Endpoints, Parameter
from signfleet.web.http.paging import answer_page, list_query

endpoints = Endpoints(PREFIX)


@endpoints.get(
    "/ScreenShots/",
    operation=VIEW_SCREENSHOTS,
    parameters=(
        Parameter("projection", "`TOP(n,[Nodes])`: only the first n (1 to 100) of each group."),
        FILTER,
        Parameter("grouping", "The property that forms the groups, such as `[Serial]`."),
        SORT,
        *PAGING,
    ),
    answer=ScreenShotPage,
)
async def list_screenshots(call: Call, screenshot_lists: ScreenshotLists, links: Links) -> Answer:
    """List the screenshots of all devices of the network."""
    query = list_query(call)
    page = await screenshot_lists.of_network(
        call.session, query, call.parameter("projection"), call.parameter("grouping"), _links(call, links)
    )
    return answer_page(page, query.size)


@endpoints.get("/{device}/ScreenShots/", operation=VIEW_SCREENSHOTS, parameters=LISTING, answer=ScreenShotPage)
async def list_device_screenshots(call: Call, screenshot_lists: ScreenshotLists, links: Links, device: str) -> Answer:
    """List the screenshots of a device, the newest first."""
    query = list_query(call)
    page = await screenshot_lists.of_device(call.session, device, query, _links(call, links))
    return answer_page(page, query.size)


def _links(call: Call, links: Links) -> LinkMaker:
    return LinkMaker(links, call.base_url, call.now)
