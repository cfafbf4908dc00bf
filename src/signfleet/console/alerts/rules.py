"""`/console/alerts/rules`: when an alert opens about a player, and who hears of it."""

from __future__ import annotations

from typing import Any, Final, get_args

import msgspec

from signfleet.console.alerts.tabs import page
from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import Difference, FormData, beside, differing, fitted, pointed
from signfleet.console.pages import Pages
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.fleet.alerts.rules import AlertRules
from signfleet.fleet.alerts.schemas import NewRule, Rule, RuleChange
from signfleet.fleet.alerts.service import Alerts
from signfleet.fleet.health.rules import ReasonCode
from signfleet.fleet.webhooks.service import Webhooks
from signfleet.foundation.errors import Invalid, Stale
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.types import Health
from signfleet.identity.access.operations.definitions import MANAGE_ALERTS, MANAGE_WEBHOOKS
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.users.service import Users
from signfleet.notify.events.kinds import KINDS
from signfleet.web.contract.conditional import Precondition
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PATH: Final = "/console/alerts/rules/"
CONDITIONS: Final = {
    "health": later("Its health"),
    "silent": later("It has not reported"),
    "event": later("An event"),
}
#: The fields of the form, by the members of the body.
FIELDS: Final = {
    "name": "name",
    "filter": "filter",
    "minutes": "minutes",
    "condition.minutes": "silence",
    "condition.health": "health",
    "condition.reasons": "reason",
    "condition.events": "event",
}
#: What two people may have changed, with its words.
LABELS: Final = {
    "name": later("Name"),
    "isEnabled": later("Enabled"),
    "filter": later("Only for players that this filter matches"),
    "kind": later("An alert opens about a player when"),
    "condition": later("Condition"),
    "minutes": later("For how many minutes this must last"),
    "notifiesUsers": later("users whose notification settings say so"),
    "mailTo": later("These users too, by mail"),
    "webhooks": later("These webhooks"),
}
EMPTY: Final[dict[str, Any]] = {
    "name": "",
    "isEnabled": True,
    "filter": None,
    "condition": {"kind": "silent", "minutes": 30},
    "minutes": 0,
    "notifiesUsers": True,
    "mailTo": [],
    "webhooks": [],
}
#: What the form shows where a condition has no such part.
NO_CONDITION: Final[dict[str, Any]] = {"minutes": 30, "health": [], "reasons": [], "events": []}
#: Of larger networks, the form offers the first members.
OFFERED: Final = 200
NUMBER_LIMIT: Final = 9

pages = Pages("/console/alerts/rules")


@pages.get("/", operation=MANAGE_ALERTS)
async def list_rules(view: View, alert_rules: AlertRules, permissions: Permissions) -> Answer:
    """List the rules of the network, by name."""
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    rules = await alert_rules.list_(view.session.network)
    return await page(view, permissions, "rules.html", rules=rules, conditions=CONDITIONS)


@pages.get("/new/", operation=MANAGE_ALERTS)
async def show_new_rule(view: View, *, users: Users, webhooks: Webhooks, permissions: Permissions) -> Answer:
    """Get the form that creates a rule."""
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    return await _form(view, permissions, users, webhooks, EMPTY)


@pages.post("/new/", operation=MANAGE_ALERTS)
async def create_rule(
    view: View, *, alert_rules: AlertRules, users: Users, webhooks: Webhooks, permissions: Permissions
) -> Answer:
    """Create the rule of the form."""
    given = _read(FormData(view.call))
    try:
        new = fitted(given, NewRule)
        await _require(view, permissions, new)
        await alert_rules.create(view.session.network, new, view.now)
    except Invalid as error:
        return await _form(view, permissions, users, webhooks, given, error=error)
    return view.redirect(PATH)


@pages.get("/{rule}/", operation=MANAGE_ALERTS)
async def show_rule(
    view: View, *, alert_rules: AlertRules, users: Users, webhooks: Webhooks, permissions: Permissions, rule: str
) -> Answer:
    """Get the form that changes a rule."""
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    found = await alert_rules.get(view.session.network, rule)
    return await _form(view, permissions, users, webhooks, msgspec.to_builtins(found), rule=found)


@pages.post("/{rule}/", operation=MANAGE_ALERTS)
async def change_rule(
    view: View, *, alert_rules: AlertRules, users: Users, webhooks: Webhooks, permissions: Permissions, rule: str
) -> Answer:
    """Change a rule, unless somebody else has changed it since the form was shown."""
    found = await alert_rules.get(view.session.network, rule)
    form = FormData(view.call)
    given = _read(form)
    try:
        change = fitted(given, RuleChange)
        await _require(view, permissions, change)
        await alert_rules.update(view.session.network, rule, change, view.now, form.precondition)
    except Invalid as error:
        return await _form(view, permissions, users, webhooks, given, rule=found, error=error)
    except Stale:
        found = await alert_rules.get(view.session.network, rule)
        labels = {name: view.text(label) for name, label in LABELS.items()}
        conflict = differing(labels, _flat(given), _flat(msgspec.to_builtins(found)))
        if conflict:
            return await _form(view, permissions, users, webhooks, given, rule=found, conflict=conflict)
    return view.redirect(PATH)


@pages.post("/{rule}/enabled", operation=MANAGE_ALERTS)
async def switch_rule(view: View, alert_rules: AlertRules, permissions: Permissions, rule: str) -> Answer:
    """Enable or disable a rule."""
    found = await alert_rules.get(view.session.network, rule)
    is_enabled = FormData(view.call).get("enabled") == "yes"
    change = fitted(msgspec.to_builtins(found) | {"isEnabled": is_enabled}, RuleChange)
    await _require(view, permissions, change)
    seen = Precondition(tags=frozenset([str(datetime.parse(found.last_modified_date))]))
    await alert_rules.update(view.session.network, rule, change, view.now, seen)
    return view.redirect(PATH)


@pages.post("/{rule}/delete", operation=MANAGE_ALERTS)
async def delete_rule(
    view: View, *, alert_rules: AlertRules, alerts: Alerts, permissions: Permissions, rule: str
) -> Answer:
    """Delete a rule; its alerts are resolved."""
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    found = await alert_rules.get(view.session.network, rule)
    live = ListQuery(f"[ruleId] IS {found.id} AND [state] IS NOT 'resolved'", None, None, 1)
    loss = Loss("rule", found.name, (await alerts.list_(view.session, live)).matching)
    if (asked := question(view, loss, f"{PATH}{found.id}/")) is not None:
        return asked
    await alert_rules.delete(view.session.network, rule, view.now)
    return view.redirect(PATH)


async def _require(view: View, permissions: Permissions, rule: NewRule) -> None:
    await permissions.require_on(view.session, MANAGE_ALERTS, view.session.network)
    if rule.webhooks:
        await permissions.require_on(view.session, MANAGE_WEBHOOKS, view.session.network)


async def _form(
    view: View,
    permissions: Permissions,
    users: Users,
    webhooks: Webhooks,
    given: dict[str, Any],
    *,
    rule: Rule | None = None,
    error: Invalid | None = None,
    conflict: list[Difference] | None = None,
) -> Answer:
    network_id = view.session.network
    may_send = await permissions.allows_on(view.session, MANAGE_WEBHOOKS, network_id)
    errors = {} if error is None else beside(error, FIELDS)
    body = {name: given[name] for name in EMPTY} | {"name": given["name"] or view.text("Name")}
    return await page(
        view,
        permissions,
        "rule.html",
        400 if error else 412 if conflict is not None else 200,
        rule=rule,
        version=None if rule is None else datetime.parse(rule.last_modified_date),
        given={**EMPTY, **given, "condition": {**NO_CONDITION, **given["condition"]}},
        body=body,
        errors=errors,
        conflict=conflict,
        pointer=pointed(given.get("filter") or "", errors.get("filter")),
        conditions=CONDITIONS,
        healths=get_args(Health),
        reasons=get_args(ReasonCode),
        events=list(KINDS),
        members=(await users.of_network(network_id))[:OFFERED],
        hooks=await webhooks.list_(network_id) if may_send else [],
    )


def _read(form: FormData) -> dict[str, Any]:
    """Returns the body of a rule as the API has it."""
    condition: dict[str, Any] = {"kind": form.get("kind")}
    if condition["kind"] == "health":
        condition |= {"health": form.all("health"), "reasons": form.all("reason")}
    elif condition["kind"] == "event":
        condition["events"] = form.all("event")
    else:
        condition["minutes"] = _number(form, "silence")
    return {
        "name": form.get("name"),
        "isEnabled": form.get("enabled") == "yes",
        "filter": form.get("filter").strip() or None,
        "condition": condition,
        "minutes": 0 if condition["kind"] == "event" else _number(form, "minutes"),
        "notifiesUsers": form.get("notifies") == "yes",
        "mailTo": [_id(text) for text in form.all("mail")],
        "webhooks": [_id(text) for text in form.all("webhook")],
    }


def _flat(rule: dict[str, Any]) -> dict[str, Any]:
    """Returns a rule with the kind of its condition and the rest of it as values of their own."""
    condition = rule["condition"]
    rest = [each for name in ("health", "reasons", "events") for each in condition.get(name) or []]
    minutes = [condition["minutes"]] if condition["kind"] == "silent" else []
    return {**rule, "kind": condition["kind"], "condition": [*minutes, *rest]}


def _number(form: FormData, name: str) -> int | str:
    """Returns a number of minutes, or the text that is none, so that the form shows it again."""
    text = form.get(name).strip() or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_LIMIT else text


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_LIMIT else 0
