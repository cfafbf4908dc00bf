"""`/console/export`: the lists of other pages as CSV, whole, with the properties that the API has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from signfleet.console.cookies import session_token
from signfleet.console.pages import Pages
from signfleet.console.view import View
from signfleet.fleet.alerts.schemas import AlertPage
from signfleet.fleet.alerts.service import Alerts
from signfleet.fleet.devices.history.schemas import DownloadPage, ErrorPage
from signfleet.fleet.devices.history.service import DeviceHistory
from signfleet.fleet.groups.schemas import GroupPage
from signfleet.fleet.groups.service import Groups
from signfleet.fleet.subscriptions.schemas import SubscriptionList
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation import clock
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import (
    VIEW_DEVICE,
    VIEW_DOWNLOADS,
    VIEW_GROUP,
    VIEW_SUBSCRIPTION,
    VIEW_USER,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.events.schemas import EventPage
from signfleet.identity.events.service import EventLists
from signfleet.identity.jobs.schemas import JobFailurePage, JobPage
from signfleet.identity.jobs.service import JobLists
from signfleet.identity.sign_in.browser import BrowserSessions
from signfleet.identity.users.administration import UserAdministration
from signfleet.identity.users.schemas import UserPage
from signfleet.web.contract.paging import ListQuery, Page
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.csv_lists import answer_csv
from signfleet.web.http.paging import answer_page

PAGE_SIZE: Final = 500
#: The lists: what a reader must be allowed to do, and the type of their pages.
LISTS: Final[dict[str, tuple[Operation | None, Any]]] = {
    "alerts": (VIEW_DEVICE, AlertPage),
    "downloads": (VIEW_DOWNLOADS, DownloadPage),
    "errors": (VIEW_DEVICE, ErrorPage),
    "events": (VIEW_DEVICE, EventPage),
    "failures": (None, JobFailurePage),
    "groups": (VIEW_GROUP, GroupPage),
    "jobs": (None, JobPage),
    "subscriptions": (VIEW_SUBSCRIPTION, SubscriptionList),
    "users": (VIEW_USER, UserPage),
}

pages = Pages("/console")


@pages.get("/export")
async def export_list(
    view: View,
    *,
    alerts: Alerts,
    device_history: DeviceHistory,
    event_lists: EventLists,
    groups: Groups,
    jobs: JobLists,
    subscriptions: Subscriptions,
    user_administration: UserAdministration,
    permissions: Permissions,
    sessions: BrowserSessions,
) -> Answer:
    """Get all of a list that the filter of the address matches, in its sort, as CSV; `of` is a player or job."""
    call, name, of = view.call, view.call.parameter("list") or "", view.call.parameter("of") or ""
    readers: dict[str, Callable[..., Awaitable[Page]]] = {
        "alerts": alerts.list_,
        "downloads": _about(device_history.downloads, of),
        "errors": _about(device_history.errors, of),
        "events": event_lists.list_,
        "failures": _about(jobs.failures, of),
        "groups": groups.list_,
        "jobs": jobs.list_,
        "subscriptions": subscriptions.list_,
        "users": user_administration.list_,
    }
    if name not in readers:
        raise Invalid(f"'list': choose one of {', '.join(LISTS)}.")
    operation, kind = LISTS[name]
    if operation is not None:
        await permissions.require(view.session, operation)
    filter_, sort, token = call.parameter("filter") or None, call.parameter("sort") or None, session_token(call) or ""

    async def page(call: Call) -> Answer:
        query = ListQuery(filter_, sort, call.parameter("marker"), PAGE_SIZE)
        return answer_page(await readers[name](call.session, query), query.size)

    async def admit() -> None:
        await sessions.find(token, call.address, clock.now(), is_use=False)

    answer = await answer_csv(call, page, {}, kind, admit)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _about(reader: Callable[..., Awaitable[Page]], of: str) -> Callable[..., Awaitable[Page]]:
    async def read(of: str, session: Any, query: ListQuery) -> Page:
        return await reader(session, of, query)

    return partial(read, of)
