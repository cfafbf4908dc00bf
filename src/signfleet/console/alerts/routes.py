"""`/console/alerts`: the alerts of the network, and what people do with them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from signfleet.console.alerts.tabs import page
from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.alerts.schemas import Alert
from signfleet.fleet.alerts.service import Alerts
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY, HOUR
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 100
NOTE_LIMIT: Final = 1024
#: The states, with their words and the kind of their badge.
STATES: Final = {
    "open": (later("Open"), "bad"),
    "acknowledged": (later("Acknowledged"), "warn"),
    "muted": (later("Muted"), "none"),
    "resolved": (later("Resolved"), "good"),
}
#: For how long an alert can be muted, in ms.
TIMES: Final = {
    "1h": (HOUR, later("1 hour")),
    "4h": (4 * HOUR, later("4 hours")),
    "1d": (DAY, later("1 day")),
    "7d": (7 * DAY, later("7 days")),
    "30d": (30 * DAY, later("30 days")),
}

pages = Pages("/console/alerts")
_decoder = msgspec.json.Decoder(list[Alert])


@pages.get("/", operation=VIEW_DEVICE)
async def list_alerts(view: View, alerts: Alerts, permissions: Permissions) -> Answer:
    """List the alerts in a state, newest first, a page at a time."""
    state = view.call.parameter("state") or "open"
    if state not in STATES:
        raise Invalid(f"'state': there is no state '{state}'; there are {', '.join(STATES)}.")
    marker = view.call.parameter("marker")
    found = await alerts.list_(view.session, ListQuery(f"[state] IS '{state}'", None, marker, PAGE_SIZE))
    more = f"/console/alerts/?{urlencode({'state': state, 'marker': found.next_marker})}" if found.next_marker else None
    return await page(
        view,
        permissions,
        "rows.html" if view.wants_rows else "list.html",
        state=state,
        states=STATES,
        found=found,
        marker=marker,
        here=f"/console/alerts/?{urlencode({'state': state, 'marker': marker or ''})}",
        alerts=_decoder.decode(b"[%b]" % b",".join(found.items)),
        may_change=await permissions.allows(view.session, UPDATE_DEVICE),
        more=more,
    )


@pages.get("/{alert}/", operation=VIEW_DEVICE)
async def show_alert(view: View, alerts: Alerts, permissions: Permissions, alert: str) -> Answer:
    """Get one alert, and what can be done with it."""
    return await _page(view, alerts, permissions, alert)


@pages.post("/{alert}/acknowledge", operation=UPDATE_DEVICE)
async def acknowledge(view: View, alerts: Alerts, permissions: Permissions, alert: str) -> Answer:
    """Take care of an alert, with a note; from the list, without one."""
    form = FormData(view.call)
    await alerts.acknowledge(view.session, alert, _note(form), view.now)
    return await _done(view, alerts, permissions, alert, later("Acknowledged"))


@pages.post("/{alert}/mute", operation=UPDATE_DEVICE)
async def mute(view: View, alerts: Alerts, permissions: Permissions, alert: str) -> Answer:
    """Make an alert quiet for some time."""
    form = FormData(view.call)
    time = TIMES.get(form.get("for"))
    if time is None:
        raise Invalid(f"'for': choose one of {', '.join(TIMES)}.")
    await alerts.mute(view.session, alert, datetime.format(view.now + time[0]), _note(form), view.now)
    return await _done(view, alerts, permissions, alert, later("Muted"))


@pages.post("/{alert}/resolve", operation=UPDATE_DEVICE)
async def resolve(view: View, alerts: Alerts, permissions: Permissions, alert: str) -> Answer:
    """End an alert; another one opens if its cause lasts."""
    await alerts.resolve(view.session, alert, _note(FormData(view.call)), view.now)
    return await _done(view, alerts, permissions, alert, later("Resolved"))


async def _page(view: View, alerts: Alerts, permissions: Permissions, ref: str, **more: Any) -> Answer:
    found = await alerts.get(view.session, ref)
    return view.page(
        "alerts/panel.html" if view.is_fragment else "alerts/alert.html",
        alert=found,
        states=STATES,
        times=TIMES,
        may_change=await permissions.allows_on(view.session, UPDATE_DEVICE, found.device_id),
        **{"done": None, **more},
    )


async def _done(view: View, alerts: Alerts, permissions: Permissions, ref: str, word: str) -> Answer:
    """Answers to the page of the alert with its panel, to the list with its row, and without a script with the page."""
    if not view.is_fragment:
        return view.redirect(f"/console/alerts/{ref}/")
    if (view.call.header(b"hx-target") or "").endswith("toasts"):
        found = await alerts.get(view.session, ref)
        return view.page("alerts/changed.html", alerts=[found], states=STATES, may_change=True, more=None, word=word)
    return await _page(view, alerts, permissions, ref, done=word)


def _note(form: FormData) -> str | None:
    note = form.get("note").strip()
    if len(note) > NOTE_LIMIT:
        raise Invalid(f"'note' has at most {NOTE_LIMIT} characters.")
    return note or None
