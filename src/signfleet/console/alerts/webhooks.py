"""`/console/alerts/webhooks`: signed requests to other programs, their keys, and what was sent."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from signfleet.console.alerts.tabs import page
from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData, beside, differing, fitted, pointed
from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.webhooks.deliveries import Deliveries
from signfleet.fleet.webhooks.schemas import KeyRotation, NewWebhook, OutboxMessage, Webhook, WebhookChange
from signfleet.fleet.webhooks.service import Webhooks
from signfleet.foundation.errors import Invalid, Stale
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.definitions import MANAGE_WEBHOOKS
from signfleet.identity.access.permissions import Permissions
from signfleet.notify.events.kinds import KINDS
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PATH: Final = "/console/alerts/webhooks/"
PAGE_SIZE: Final = 50
FIELDS: Final = {"name": "name", "url": "url", "filter": "filter", "eventFilter": "eventFilter"}
LABELS: Final = {
    "name": later("Name"),
    "url": later("Address"),
    "isEnabled": later("Enabled"),
    "kinds": later("Events; none ticked: all"),
    "filter": later("Only for players that this filter matches"),
    "eventFilter": later("Only events that this filter matches"),
}
STATES: Final = {
    "waiting": ("none", later("Waiting")),
    "delivered": ("good", later("Delivered")),
    "failed": ("bad", later("Given up")),
}
#: For how many hours the old key signs too after a rotation.
OVERLAPS: Final = {24: later("1 day"), 1: later("1 hour"), 168: later("7 days"), 0: later("not at all")}

pages = Pages("/console/alerts/webhooks")


class _Services(NamedTuple):
    """What the page of a webhook asks."""

    webhooks: Webhooks
    deliveries: Deliveries
    permissions: Permissions


_messages = msgspec.json.Decoder(list[OutboxMessage])


@pages.get("/", operation=MANAGE_WEBHOOKS)
async def list_webhooks(view: View, webhooks: Webhooks, permissions: Permissions) -> Answer:
    """List the webhooks of the network, by name."""
    await _require(view, permissions)
    found = await webhooks.list_(view.session.network)
    return await page(view, permissions, "webhooks.html", webhooks=found)


@pages.get("/new/", operation=MANAGE_WEBHOOKS)
async def show_new_webhook(view: View, permissions: Permissions) -> Answer:
    """Get the form that creates a webhook."""
    await _require(view, permissions)
    return await _form(view, permissions, {"isEnabled": True})


@pages.post("/new/", operation=MANAGE_WEBHOOKS)
async def create_webhook(view: View, *, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions) -> Answer:
    """Create a webhook, and show its secret once."""
    await _require(view, permissions)
    given = _read(FormData(view.call))
    try:
        made = await webhooks.create(view.session.network, fitted(given, NewWebhook), view.now)
    except Invalid as error:
        return await _form(view, permissions, given, error)
    return await _show(view, _Services(webhooks, deliveries, permissions), str(made.id), secret=made.secret)


@pages.get("/{webhook}/", operation=MANAGE_WEBHOOKS)
async def show_webhook(
    view: View, *, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str
) -> Answer:
    """Get one webhook, and the deliveries to it in a state, the last first, a page at a time."""
    await _require(view, permissions)
    return await _show(view, _Services(webhooks, deliveries, permissions), webhook)


@pages.post("/{webhook}/", operation=MANAGE_WEBHOOKS)
async def change_webhook(
    view: View, *, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str
) -> Answer:
    """Change a webhook, unless somebody else has changed it since the form was shown; its keys stay."""
    await _require(view, permissions)
    form, found = FormData(view.call), await webhooks.get(view.session.network, webhook)
    given = _read(form)
    services = _Services(webhooks, deliveries, permissions)
    try:
        change = fitted(given, WebhookChange)
        await webhooks.update(view.session.network, webhook, change, view.now, form.precondition)
    except Invalid as error:
        return await _show(view, services, webhook, 400, given=given, errors=beside(error, FIELDS))
    except Stale:
        theirs = msgspec.to_builtins(await webhooks.get(view.session.network, webhook))
        conflict = differing({name: view.text(label) for name, label in LABELS.items()}, given, theirs)
        if conflict:
            return await _show(view, services, webhook, 412, given=given, conflict=conflict)
    return view.redirect(f"{PATH}{found.id}/")


@pages.post("/{webhook}/key", operation=MANAGE_WEBHOOKS)
async def rotate_key(
    view: View, *, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str
) -> Answer:
    """Issue a new key, whose secret is shown once; the old one signs too for a while."""
    await _require(view, permissions)
    hours = FormData(view.call).get("hours")
    if hours not in {str(each) for each in OVERLAPS}:
        raise Invalid(f"'hours': choose one of {', '.join(map(str, OVERLAPS))}.")
    issued = await webhooks.rotate_key(view.session.network, webhook, KeyRotation(overlap_hours=int(hours)), view.now)
    return await _show(view, _Services(webhooks, deliveries, permissions), webhook, secret=issued.secret)


@pages.post("/{webhook}/test", operation=MANAGE_WEBHOOKS)
async def test_webhook(
    view: View, *, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str
) -> Answer:
    """Send a test message at once, and show what came of it."""
    await _require(view, permissions)
    tested = await webhooks.test(view.session.network, webhook, view.now)
    return await _show(view, _Services(webhooks, deliveries, permissions), webhook, tested=tested)


@pages.post("/{webhook}/replay", operation=MANAGE_WEBHOOKS)
async def replay_delivery(
    view: View, *, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str
) -> Answer:
    """Send a delivery again."""
    await _require(view, permissions)
    row = await webhooks.row(view.session.network, webhook)
    await deliveries.replay(view.session.network, FormData(view.call).get("message"), view.now, row.id)
    return view.redirect(f"{PATH}{row.id}/")


@pages.post("/{webhook}/delete", operation=MANAGE_WEBHOOKS)
async def delete_webhook(
    view: View, *, webhooks: Webhooks, deliveries: Deliveries, permissions: Permissions, webhook: str
) -> Answer:
    """Delete a webhook with its log."""
    await _require(view, permissions)
    found = await webhooks.get(view.session.network, webhook)
    waiting = ListQuery("[state] IS 'waiting'", None, None, 1)
    count = (await deliveries.list_(view.session.network, waiting, found.id)).matching
    if (asked := question(view, Loss("webhook", found.name, count), f"{PATH}{found.id}/")) is not None:
        return asked
    await webhooks.delete(view.session.network, webhook, view.now)
    return view.redirect(PATH)


async def _require(view: View, permissions: Permissions) -> None:
    await permissions.require_on(view.session, MANAGE_WEBHOOKS, view.session.network)


async def _form(view: View, permissions: Permissions, given: dict[str, Any], error: Invalid | None = None) -> Answer:
    errors = {} if error is None else beside(error, FIELDS)
    return await page(view, permissions, "new-webhook.html", 400 if error else 200, **_fields(given, errors))


async def _show(view: View, services: _Services, ref: str, status: int = 200, **state: Any) -> Answer:
    webhooks, deliveries, permissions = services
    found: Webhook = await webhooks.get(view.session.network, ref)
    wanted, marker = view.call.parameter("state") or "", view.call.parameter("marker")
    if wanted and wanted not in STATES:
        raise Invalid(f"'state': there is no state '{wanted}'; there are {', '.join(STATES)}.")
    query = ListQuery(f"[state] IS '{wanted}'" if wanted else None, None, marker, PAGE_SIZE)
    sent = await deliveries.list_(view.session.network, query, found.id)
    following = {name: value for name, value in (("state", wanted), ("marker", sent.next_marker)) if value}
    given = state.pop("given", None) or msgspec.to_builtins(found)
    return await page(
        view,
        permissions,
        "delivery-rows.html" if view.wants_rows else "webhook.html",
        status,
        webhook=found,
        version=datetime.parse(found.last_modified_date),
        messages=_messages.decode(b"[%b]" % b",".join(sent.items)),
        matching=sent.matching,
        state=wanted,
        marker=marker,
        states=STATES,
        overlaps=OVERLAPS,
        more=f"{PATH}{found.id}/?{urlencode(following)}" if sent.next_marker else None,
        **_fields(given, state.pop("errors", {})),
        **{"secret": None, "tested": None, "conflict": None, **state},
    )


def _fields(given: dict[str, Any], errors: dict[str, str]) -> dict[str, Any]:
    """Returns what the form of a webhook shows."""
    known = {"name": "", "url": "", "filter": "", "eventFilter": "", "kinds": [], **given}
    pointers = {name: pointed(known[name] or "", errors.get(name)) for name in ("filter", "eventFilter")}
    return {"given": known, "errors": errors, "pointers": pointers, "kinds": list(KINDS)}


def _read(form: FormData) -> dict[str, Any]:
    """Returns the body of a webhook as the API has it."""
    return {
        "name": form.get("name"),
        "url": form.get("url").strip(),
        "isEnabled": form.get("enabled") == "yes",
        "kinds": form.all("kind"),
        "filter": form.get("filter").strip() or None,
        "eventFilter": form.get("eventFilter").strip() or None,
    }
