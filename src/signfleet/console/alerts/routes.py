"""`/console/alerts`: the alerts of the network, and what people do with them."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from signfleet.console.alerts.tabs import page
from signfleet.console.forms import FormData
from signfleet.console.names import names_of
from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.alerts.schemas import Alert
from signfleet.fleet.alerts.service import Alerts
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Forbidden, Invalid, NotFound
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY, HOUR
from signfleet.identity.access.operations.definitions import MANAGE_ALERTS, UPDATE_DEVICE, VIEW_AUDIT, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 100
NOTE_LIMIT: Final = 1024
#: How many alerts can be acknowledged at once.
TICKED_LIMIT: Final = 1000
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
async def list_alerts(
    view: View, alerts: Alerts, permissions: Permissions, health_lists: HealthLists, links: Links
) -> Answer:
    """List the alerts in a state, newest first, a page at a time."""
    state = view.call.parameter("state") or "open"
    if state not in STATES:
        raise Invalid(f"'state': there is no state '{state}'; there are {', '.join(STATES)}.")
    marker = view.call.parameter("marker")
    found = await alerts.list_(view.session, ListQuery(f"[state] IS '{state}'", None, marker, PAGE_SIZE))
    more = f"/console/alerts/?{urlencode({'state': state, 'marker': found.next_marker})}" if found.next_marker else None
    listed = _decoder.decode(b"[%b]" % b",".join(found.items))
    return await page(
        view,
        permissions,
        "rows.html" if view.wants_rows else "list.html",
        state=state,
        states=STATES,
        found=found,
        marker=marker,
        here=f"/console/alerts/?{urlencode({'state': state, 'marker': marker or ''})}",
        alerts=listed,
        names=await names_of(view, health_lists, links, [each.device_id for each in listed]),
        done=view.call.parameter("done"),
        may_change=await permissions.allows(view.session, UPDATE_DEVICE),
        more=more,
    )


@pages.post("/acknowledge", operation=UPDATE_DEVICE)
async def acknowledge_several(view: View, alerts: Alerts) -> Answer:
    """Take care of all alerts that are ticked, with one note; those that are over meanwhile stay as they are."""
    form = FormData(view.call)
    ids, note, done = form.all("id"), _note(form), 0
    if not 0 < len(ids) <= TICKED_LIMIT:
        raise Invalid(f"Tick 1 to {TICKED_LIMIT} alerts.")
    for id_ in ids:
        try:
            await alerts.acknowledge(view.session, id_, note, view.now)
        except (Invalid, NotFound, Forbidden):
            continue
        done += 1
    return view.redirect(f"/console/alerts/?done={done}")


@pages.get("/{alert}/", operation=VIEW_DEVICE)
async def show_alert(
    view: View, alerts: Alerts, permissions: Permissions, health_lists: HealthLists, links: Links, alert: str
) -> Answer:
    """Get one alert, and what can be done with it."""
    return await _Alert(view, alerts, permissions, health_lists, links).page(alert)


@pages.post("/{alert}/acknowledge", operation=UPDATE_DEVICE)
async def acknowledge(
    view: View, alerts: Alerts, permissions: Permissions, health_lists: HealthLists, links: Links, alert: str
) -> Answer:
    """Take care of an alert, with a note; from the list, without one."""
    form = FormData(view.call)
    await alerts.acknowledge(view.session, alert, _note(form), view.now)
    return await _Alert(view, alerts, permissions, health_lists, links).changed(alert, later("Acknowledged"))


@pages.post("/{alert}/mute", operation=UPDATE_DEVICE)
async def mute(
    view: View, alerts: Alerts, permissions: Permissions, health_lists: HealthLists, links: Links, alert: str
) -> Answer:
    """Make an alert quiet for some time."""
    form = FormData(view.call)
    time = TIMES.get(form.get("for"))
    if time is None:
        raise Invalid(f"'for': choose one of {', '.join(TIMES)}.")
    await alerts.mute(view.session, alert, datetime.format(view.now + time[0]), _note(form), view.now)
    return await _Alert(view, alerts, permissions, health_lists, links).changed(alert, later("Muted"))


@pages.post("/{alert}/resolve", operation=UPDATE_DEVICE)
async def resolve(
    view: View, alerts: Alerts, permissions: Permissions, health_lists: HealthLists, links: Links, alert: str
) -> Answer:
    """End an alert; another one opens if its cause lasts."""
    await alerts.resolve(view.session, alert, _note(FormData(view.call)), view.now)
    return await _Alert(view, alerts, permissions, health_lists, links).changed(alert, later("Resolved"))


class _Alert(NamedTuple):
    """Answers with one alert: its page or panel, or its row of the list."""

    view: View
    alerts: Alerts
    permissions: Permissions
    health_lists: HealthLists
    links: Links

    async def page(self, ref: str, done: str | None = None) -> Answer:
        """Answers with the page, or for a script with the panel; `done` is what the reader has done."""
        view, session = self.view, self.view.session
        found = await self.alerts.get(session, ref)
        return view.page(
            "alerts/panel.html" if view.is_fragment else "alerts/alert.html",
            alert=found,
            names=await names_of(view, self.health_lists, self.links, [found.device_id]),
            states=STATES,
            times=TIMES,
            may_change=await self.permissions.allows_on(session, UPDATE_DEVICE, found.device_id),
            may_open_rules=await self.permissions.allows_on(session, MANAGE_ALERTS, session.network),
            may_audit=await self.permissions.allows(session, VIEW_AUDIT),
            done=done,
        )

    async def changed(self, ref: str, word: str) -> Answer:
        """Answers to the page with its panel, to the list with the row, and without a script with the page."""
        view = self.view
        if not view.is_fragment:
            return view.redirect(f"/console/alerts/{ref}/")
        if not (view.call.header(b"hx-target") or "").endswith("toasts"):
            return await self.page(ref, word)
        found = await self.alerts.get(view.session, ref)
        names = await names_of(view, self.health_lists, self.links, [found.device_id])
        return view.page(
            "alerts/changed.html", alerts=[found], names=names, states=STATES, may_change=True, more=None, word=word
        )


def _note(form: FormData) -> str | None:
    note = form.get("note").strip()
    if len(note) > NOTE_LIMIT:
        raise Invalid(f"'note' has at most {NOTE_LIMIT} characters.")
    return note or None
