"""`/console/subscriptions`: the subscriptions of players and those in stock."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import msgspec

from signfleet.console.names import names_of
from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.health.service import HealthLists
from signfleet.fleet.subscriptions.schemas import Subscription
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import VIEW_SUBSCRIPTION
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 100
PATH: Final = "/console/subscriptions/"
#: The kinds of badges of the states, and their words.
STATES: Final = {
    "Active": ("good", later("Active")),
    "Suspending": ("warn", later("Ends soon")),
    "Suspended": ("bad", later("Suspended")),
}
#: What people look for, as filters.
QUESTIONS: Final = {
    "": later("All"),
    "[status] IS 'Suspending'": later("Ends soon"),
    "[status] IS 'Suspended'": later("Suspended"),
    "[device].[serial] IS NULL": later("In stock"),
}

pages = Pages("/console/subscriptions")
_decoder = msgspec.json.Decoder(list[Subscription])


@pages.get("/", operation=VIEW_SUBSCRIPTION)
async def list_subscriptions(
    view: View, subscriptions: Subscriptions, health_lists: HealthLists, links: Links
) -> Answer:
    """List the subscriptions that a filter matches, a page at a time."""
    text, marker = view.call.parameter("filter") or "", view.call.parameter("marker")
    found, error = None, None
    try:
        found = await subscriptions.list_(view.session, ListQuery(text or None, None, marker, PAGE_SIZE))
    except Invalid as wrong:
        error = wrong.message
    shown = [] if found is None else _decoder.decode(b"[%b]" % b",".join(found.items))
    more = None
    if found is not None and found.next_marker:
        more = PATH + "?" + urlencode({"filter": text, "marker": found.next_marker})
    return view.page(
        "subscriptions/rows.html" if view.wants_rows and not error else "subscriptions/list.html",
        400 if error else 200,
        text=text,
        marker=marker,
        error=error,
        found=found,
        subscriptions=shown,
        names=await names_of(view, health_lists, links, (each.device.id for each in shown if each.device)),
        states=STATES,
        questions=QUESTIONS,
        more=more,
    )
