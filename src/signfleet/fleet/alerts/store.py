"""The SQL of alerts: rules, windows, and what the evaluator and people do with alerts."""

from __future__ import annotations

from typing import Any, Final, Protocol

from sqlalchemy import and_, bindparam, func, or_, select

from signfleet.fleet.alerts.conditions import DeviceState, WindowTimes
from signfleet.fleet.devices.store import STATUS_OF_DEVICE
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.expressions.sql import NETWORK
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    alert,
    alert_rule,
    alert_window,
    device,
    device_status,
    event_reader,
    network,
)

#: The columns of an alert that change while it lives.
CHANGED: Final = (
    *("rule_id", "rule_name", "rules", "cause_data", "state", "reason", "due_date", "open_date", "last_date", "count"),
    *("actor", "note", "resolve_date"),
)
#: How many devices or alerts one step takes: other writers, and requests, wait for no more than that.
BATCH: Final = 100


class RuleRow(Protocol):
    """A rule; dates in ms, lists and the condition as JSON."""

    network_id: int
    id: int
    name: str
    name_key: str
    is_enabled: int
    filter: str | None
    condition: str
    delay: int
    notifies_users: int
    mail_to: str
    webhooks: str
    creation_date: int
    last_modified_date: int


class AlertRow(Protocol):
    """An alert; dates in ms, the rules and the data of the cause as JSON."""

    network_id: int
    id: int
    rule_id: int
    rule_name: str
    rules: str
    device_id: int
    cause: str
    cause_data: str
    serial: str | None
    state: str
    reason: str | None
    since_date: int
    due_date: int | None
    open_date: int | None
    last_date: int
    count: int
    actor: str | None
    note: str | None
    resolve_date: int | None


class WindowRow(WindowTimes, Protocol):
    """A maintenance window; dates in ms."""

    id: int
    name: str
    filter: str | None
    author: str
    creation_date: int


class Reader(Protocol):
    transaction_id: int
    event_id: int
    owner: str | None
    #: ms
    lease_until: int


class AlertedNetwork(Protocol):
    network_id: int


class NamedNetwork(Protocol):
    name: str


class RuleCount(Protocol):
    number: int


_reader = event_reader.c.name == bindparam("reader")
READER = Query(select(event_reader).where(_reader), Reader)
INSERT_READER = Query(event_reader.insert())
#: Succeeds for one process only, until its lease ends.
LEASE = Query(
    event_reader.update()
    .where(
        _reader,
        or_(event_reader.c.owner == bindparam("me"), event_reader.c.lease_until <= bindparam("now")),
    )
    .values(owner=bindparam("me"), lease_until=bindparam("until"))
)
_mine = and_(_reader, event_reader.c.owner == bindparam("me"))
#: Locks the reader, if the process still is the one that reads.
LOCK_MINE = Query(select(event_reader).where(_mine).with_for_update(), Reader)
ADVANCE = Query(
    event_reader.update()
    .where(_mine)
    .values(transaction_id=bindparam("new_transaction_id"), event_id=bindparam("new_event_id"))
)
NAME_OF_NETWORK = Query(select(network.c.name).where(network.c.id == bindparam("network_id")), NamedNetwork)

_rules = alert_rule.c.network_id == bindparam("in_network")
_this_rule = and_(_rules, alert_rule.c.id == bindparam("this_id"))
RULES = Query(select(alert_rule).where(_rules).order_by(alert_rule.c.name_key), RuleRow)
RULE = Query(select(alert_rule).where(_this_rule), RuleRow)
LOCK_RULE = Query(select(alert_rule).where(_this_rule).with_for_update(), RuleRow)
COUNT_RULES = Query(select(func.count().label("number")).select_from(alert_rule).where(_rules), RuleCount)
ENABLED_RULES = Query(select(alert_rule).where(_rules, alert_rule.c.is_enabled).order_by(alert_rule.c.id), RuleRow)
ALL_ENABLED_RULES = Query(
    select(alert_rule).where(alert_rule.c.is_enabled).order_by(alert_rule.c.network_id, alert_rule.c.id), RuleRow
)
INSERT_RULE = Query(alert_rule.insert())
UPDATE_RULE = Query(
    alert_rule.update()
    .where(_this_rule)
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        is_enabled=bindparam("new_is_enabled"),
        filter=bindparam("new_filter"),
        condition=bindparam("new_condition"),
        delay=bindparam("new_delay"),
        notifies_users=bindparam("new_notifies_users"),
        mail_to=bindparam("new_mail_to"),
        webhooks=bindparam("new_webhooks"),
        last_modified_date=bindparam("now"),
    )
)
SET_MAIL_TO = Query(alert_rule.update().where(_this_rule).values(mail_to=bindparam("new_mail_to")))
DELETE_RULE = Query(alert_rule.delete().where(_this_rule))

_windows = alert_window.c.network_id == bindparam("in_network")
WINDOWS = Query(select(alert_window).where(_windows).order_by(alert_window.c.id), WindowRow)
INSERT_WINDOW = Query(alert_window.insert())
DELETE_WINDOW = Query(alert_window.delete().where(_windows, alert_window.c.id == bindparam("this_id")))
WINDOW = Query(select(alert_window).where(_windows, alert_window.c.id == bindparam("this_id")), WindowRow)

_alerts = alert.c.network_id == bindparam("in_network")
_this = and_(_alerts, alert.c.id == bindparam("this_id"))
ALERT = Query(select(alert).where(_this), AlertRow)
LOCK_ALERT = Query(select(alert).where(_this).with_for_update(), AlertRow)
AMONG = Query(select(alert).where(alert.c.network_id == NETWORK, among(alert.c.id, "ids")), AlertRow)
_live = alert.c.resolve_date.is_(None)
#: The alerts about the devices in the list `ids` that are not resolved.
_live_of_devices = select(alert).where(_alerts, _live, among(alert.c.device_id, "ids")).order_by(alert.c.id)
LIVE = Query(_live_of_devices, AlertRow)
LOCK_LIVE = Query(_live_of_devices.with_for_update(), AlertRow)
INSERT_ALERT = Query(alert.insert())
CHANGE_ALERT = Query(alert.update().where(_this).values({name: bindparam(f"new_{name}") for name in CHANGED}))
DELETE_ALERT = Query(alert.delete().where(_this))


def change_of(row: AlertRow, **values: Any) -> dict[str, Any]:
    """Returns the parameters of `CHANGE_ALERT` that change only `values`, which has columns by name."""
    changed = {f"new_{name}": values.get(name, getattr(row, name)) for name in CHANGED}
    return {"in_network": row.network_id, "this_id": row.id, **changed}


NETWORKS_WITH_ALERTS = Query(select(alert.c.network_id).where(_live).distinct(), AlertedNetwork)
#: Alerts that open now, for the first time or again, and those that a further rule joins now.
DUE = Query(select(alert).where(alert.c.due_date <= bindparam("now")).order_by(alert.c.due_date).limit(BATCH), AlertRow)
_old = select(alert.c.id).where(alert.c.resolve_date < bindparam("before")).limit(BATCH)
DELETE_OLD = Query(alert.delete().where(alert.c.resolve_date < bindparam("before"), alert.c.id.in_(_old)))

#: The column that permissions for single devices refer to.
DEVICE_ID = alert.c.device_id
SHOWN = Scope("shown alerts", (alert.c.state != "pending",))
OF_NETWORK = alert.c.device_id == 0

_HEALTH: Final = ("health", "health_since", *(f"health_reason{name}" for name in ("", "_date", "_subject", "_number")))
_device_columns = [*(device.c[name] for name in ("id", "serial", *_HEALTH)), device_status.c.status_date]
STATES_AMONG = Query(
    select(*_device_columns)
    .join_from(device, device_status, STATUS_OF_DEVICE)
    .where(device.c.network_id == bindparam("network_id"), among(device.c.id, "ids")),
    DeviceState,
)
