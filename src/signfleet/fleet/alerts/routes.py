"""`/admin/v1/alerts`: alerts of the chosen network, their rules and maintenance windows; and the link in mails."""

from __future__ import annotations

from urllib.parse import parse_qsl

from signfleet.fleet.alerts.rules import AlertRules
from signfleet.fleet.alerts.schemas import (
    Acknowledgement,
    Alert,
    AlertPage,
    MaintenanceWindow,
    Mute,
    NewRule,
    NewWindow,
    Rule,
    RuleChange,
)
from signfleet.fleet.alerts.service import Alerts
from signfleet.fleet.alerts.unsubscribing import Unsubscribing
from signfleet.foundation.errors import NotFound
from signfleet.foundation.wire import datetime
from signfleet.identity.access.operations.definitions import MANAGE_ALERTS, MANAGE_WEBHOOKS, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.account.pages import Pages
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import FORM, LISTING, Endpoints, Parameter
from signfleet.web.http.media import HTML_TYPE
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.alerts.retrieve"
UPDATE = "bsn.api.main.alerts.update"
TOKEN = Parameter("token", "The token of the link in the mail.")

endpoints = Endpoints("/admin/v1/alerts", family="Alerts", operation=MANAGE_ALERTS)
unsubscribe_endpoints = Endpoints(
    "/account",
    family="Account",
    caller="public",
    produces=HTML_TYPE,
    answer=str,
    secret=True,
    parameters=(TOKEN,),
    errors="400 404 406 5XX",
)


@endpoints.get("/", scope=RETRIEVE, operation=VIEW_DEVICE, parameters=LISTING, answer=AlertPage)
async def list_alerts(call: Call, alerts: Alerts) -> Answer:
    """List the alerts about devices that the caller may view, newest first."""
    query = list_query(call)
    return answer_page(await alerts.list_(call.session, query), query.size)


@endpoints.get("/{alert}/", scope=RETRIEVE, operation=VIEW_DEVICE, answer=Alert)
async def get_alert(call: Call, alerts: Alerts, alert: str) -> Answer:
    """Get an alert."""
    return answer_json(await alerts.get(call.session, alert))


@endpoints.post(
    "/{alert}/acknowledge/",
    scope=UPDATE,
    operation=UPDATE_DEVICE,
    body=Acknowledgement,
    body_optional=True,
    statuses="204",
)
async def update_alert_acknowledged(call: Call, alerts: Alerts, alert: str) -> Answer:
    """Update an alert: the caller takes care of it."""
    note = None if call.body is None else call.body.note
    await alerts.acknowledge(call.session, alert, note, call.now)
    return NO_CONTENT


@endpoints.post("/{alert}/mute/", scope=UPDATE, operation=UPDATE_DEVICE, body=Mute, statuses="204")
async def update_alert_muted(call: Call, alerts: Alerts, alert: str) -> Answer:
    """Update an alert: it stays quiet until a date, and opens again then if its cause lasts."""
    await alerts.mute(call.session, alert, call.body.until, call.body.note, call.now)
    return NO_CONTENT


@endpoints.post(
    "/{alert}/resolve/", scope=UPDATE, operation=UPDATE_DEVICE, body=Acknowledgement, body_optional=True, statuses="204"
)
async def update_alert_resolved(call: Call, alerts: Alerts, alert: str) -> Answer:
    """Update an alert: it is over. If its cause lasts, another one opens."""
    note = None if call.body is None else call.body.note
    await alerts.resolve(call.session, alert, note, call.now)
    return NO_CONTENT


@endpoints.get("/rules/", scope=RETRIEVE, answer=list[Rule])
async def list_alert_rules(call: Call, rules: AlertRules, permissions: Permissions) -> Answer:
    """List the rules of the network, by name."""
    await permissions.require_on(call.session, MANAGE_ALERTS, call.network_id)
    return answer_json(await rules.list_(call.network_id))


@endpoints.post("/rules/", scope=UPDATE, body=NewRule, answer=Rule)
async def create_alert_rule(call: Call, rules: AlertRules, permissions: Permissions) -> Answer:
    """Create a rule. One that names webhooks needs the permission to manage webhooks too."""
    await _require_rule(call, permissions)
    return answer_json(await rules.create(call.network_id, call.body, call.now), status=201)


@endpoints.get("/rules/{rule}/", scope=RETRIEVE, answer=Rule, statuses="200 304")
async def get_alert_rule(call: Call, rules: AlertRules, permissions: Permissions, rule: str) -> Answer:
    """Get a rule."""
    await permissions.require_on(call.session, MANAGE_ALERTS, call.network_id)
    found = await rules.get(call.network_id, rule)
    return answer_json(found, etag=str(datetime.parse(found.last_modified_date)))


@endpoints.put("/rules/{rule}/", scope=UPDATE, body=RuleChange, more="412")
async def replace_alert_rule(call: Call, rules: AlertRules, permissions: Permissions, rule: str) -> Answer:
    """Replace a rule; alerts that it no longer wants are resolved."""
    await _require_rule(call, permissions)
    await rules.update(call.network_id, rule, call.body, call.now, call.precondition)
    return NO_CONTENT


@endpoints.delete("/rules/{rule}/", scope=UPDATE, more="412")
async def delete_alert_rule(call: Call, rules: AlertRules, permissions: Permissions, rule: str) -> Answer:
    """Delete a rule; its alerts are resolved."""
    await permissions.require_on(call.session, MANAGE_ALERTS, call.network_id)
    await rules.delete(call.network_id, rule, call.now, call.precondition)
    return NO_CONTENT


@endpoints.get("/windows/", scope=RETRIEVE, answer=list[MaintenanceWindow])
async def list_maintenance_windows(call: Call, rules: AlertRules, permissions: Permissions) -> Answer:
    """List the maintenance windows of the network."""
    await permissions.require_on(call.session, MANAGE_ALERTS, call.network_id)
    return answer_json(await rules.windows(call.network_id))


@endpoints.post("/windows/", scope=UPDATE, body=NewWindow, answer=MaintenanceWindow)
async def create_maintenance_window(call: Call, rules: AlertRules, permissions: Permissions) -> Answer:
    """Create a maintenance window: while it is open, no alert opens for its devices."""
    await permissions.require_on(call.session, MANAGE_ALERTS, call.network_id)
    return answer_json(await rules.create_window(call.network_id, call.body, call.now), status=201)


@endpoints.delete("/windows/{window}/", scope=UPDATE)
async def delete_maintenance_window(call: Call, rules: AlertRules, permissions: Permissions, window: str) -> Answer:
    """Delete a maintenance window."""
    await permissions.require_on(call.session, MANAGE_ALERTS, call.network_id)
    await rules.delete_window(call.network_id, window, call.now)
    return NO_CONTENT


@unsubscribe_endpoints.get("/unsubscribe")
async def show_unsubscribing(call: Call, unsubscribing: Unsubscribing, pages: Pages) -> Answer:
    """Get the page on which mails about alerts are ended."""
    token = call.parameter("token") or ""
    try:
        unsubscribing.check(token)
    except NotFound as error:
        return pages.message("This link is not good", error.message, status=404)
    return pages.page("unsubscribe", title="Get no more of these mails", token=token)


@unsubscribe_endpoints.post(
    "/unsubscribe",
    body=bytes,
    body_optional=True,
    body_limit=16_384,
    consumes=FORM,
    statuses="200",
    errors="400 404 406 413 415 5XX",
)
async def unsubscribe(call: Call, unsubscribing: Unsubscribing, pages: Pages) -> Answer:
    """Remove the recipient of a mail from those who get such mails (RFC 8058)."""
    fields = dict(parse_qsl((call.body or b"").decode("utf-8", "replace")))
    try:
        await unsubscribing.end(fields.get("token") or call.parameter("token") or "", call.now)
    except NotFound as error:
        return pages.message("This link is not good", error.message, status=404)
    return pages.message("You get no more of these mails", "Your notification settings say so from now on.")


async def _require_rule(call: Call, permissions: Permissions) -> None:
    await permissions.require_on(call.session, MANAGE_ALERTS, call.network_id)
    if call.body.webhooks:
        await permissions.require_on(call.session, MANAGE_WEBHOOKS, call.network_id)
