"""`/console/alerts/windows`: times in which no alert opens for some players."""

from __future__ import annotations

from typing import Any, Final

from signfleet.console.alerts.tabs import page
from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData, beside, fitted, pointed
from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.alerts.rules import AlertRules
from signfleet.fleet.alerts.schemas import NewWindow
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.wire import datetime, zones
from signfleet.foundation.wire.wall_clock import ms_of
from signfleet.identity.access.operations.definitions import MANAGE_ALERTS
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer

PATH: Final = "/console/alerts/windows/"
FIELDS: Final = {"name": "name", "filter": "filter", "begin": "begin", "end": "end", "repeats": "repeats"}
REPEATS: Final = {"never": later("once"), "daily": later("every day"), "weekly": later("every week")}

pages = Pages("/console/alerts/windows")


@pages.get("/", operation=MANAGE_ALERTS)
async def list_windows(view: View, alert_rules: AlertRules, permissions: Permissions) -> Answer:
    """List the maintenance windows of the network."""
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    return await _list(view, alert_rules, permissions)


@pages.post("/", operation=MANAGE_ALERTS)
async def create_window(view: View, alert_rules: AlertRules, permissions: Permissions) -> Answer:
    """Create a maintenance window, from and to times of the reader's zone."""
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    form = FormData(view.call)
    given = {name: form.get(name).strip() for name in FIELDS}
    try:
        body: dict[str, Any] = {**given, "filter": given["filter"] or None}
        for name in ("begin", "end"):
            moment = ms_of(given[name], zones.zone(view.zone))
            if moment is None:
                raise Invalid(f"'{name}': '{given[name][:40]}' is not a date and time such as 2024-03-13T08:30.")
            body[name] = datetime.format(moment)
        await alert_rules.create_window(view.session.network, fitted(body, NewWindow), view.now)
    except Invalid as error:
        return await _list(view, alert_rules, permissions, 400, given=given, errors=beside(error, FIELDS))
    return view.redirect(PATH)


@pages.post("/{window}/delete", operation=MANAGE_ALERTS)
async def delete_window(
    view: View, *, alert_rules: AlertRules, devices: Devices, permissions: Permissions, window: str
) -> Answer:
    """Delete a maintenance window; alerts open again from now on."""
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    windows = await alert_rules.windows(view.session.network)
    found = next((each for each in windows if str(each.id) == window), None)
    if found is None:
        raise NotFound.in_network("maintenance window", window)
    try:
        count = await devices.count(view.session, found.filter)
    except Invalid:  # written for an older version: it matches none
        count = 0
    if (asked := question(view, Loss("window", found.name, count), PATH)) is not None:
        return asked
    await alert_rules.delete_window(view.session.network, window, view.now)
    return view.redirect(PATH)


async def _list(
    view: View, alert_rules: AlertRules, permissions: Permissions, status: int = 200, **state: Any
) -> Answer:
    known: dict[str, Any] = {"given": dict.fromkeys(FIELDS, ""), "errors": {}, **state}
    windows = await alert_rules.windows(view.session.network)
    pointer = pointed(known["given"]["filter"], known["errors"].get("filter"))
    return await page(
        view, permissions, "windows.html", status, windows=windows, repeats=REPEATS, pointer=pointer, **known
    )
