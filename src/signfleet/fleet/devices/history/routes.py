"""`/Devices/{device}/Errors` and `/Devices/{device}/Downloads`: the history of a device."""

from __future__ import annotations

from signfleet.fleet.devices.history.schemas import DownloadPage, ErrorPage
from signfleet.fleet.devices.history.service import DeviceHistory
from signfleet.fleet.devices.scopes import PREFIX
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_DOWNLOADS
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import LISTING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

endpoints = Endpoints(PREFIX)


@endpoints.get("/{device}/Errors/", operation=VIEW_DEVICE, parameters=LISTING, answer=ErrorPage)
async def list_errors(call: Call, history: DeviceHistory, device: str) -> Answer:
    """List the errors that a device has reported, the newest first."""
    query = list_query(call)
    return answer_page(await history.errors(call.session, device, query), query.size)


@endpoints.get("/{device}/Downloads/", operation=VIEW_DOWNLOADS, parameters=LISTING, answer=DownloadPage)
async def list_downloads(call: Call, history: DeviceHistory, device: str) -> Answer:
    """List the downloads that a device has reported, the newest first."""
    query = list_query(call)
    return answer_page(await history.downloads(call.session, device, query), query.size)
