"""Opens and resolves alerts: compares what rules want with what is open, for a few devices at a time.

An evaluation reads outside the writer and writes in one transaction, which fails if the process no longer is the one
that evaluates (`Lease`): whatever a killed process has not committed, the next one does again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.conditions import DeviceState, begun, is_within, read_condition, reason_of
from signfleet.fleet.alerts.matching import DeviceMatcher
from signfleet.fleet.alerts.notices import NOTIFIED_BY_RULE, RECOVERED, put_notices
from signfleet.fleet.alerts.schemas import Condition
from signfleet.fleet.alerts.store import AlertRow, RuleRow
from signfleet.fleet.health.listening import Listening
from signfleet.fleet.webhooks.store import ALL as ALL_WEBHOOKS
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.notify.outbox.channel import Message
from signfleet.notify.outbox.service import Outbox


class WantedAlert(NamedTuple):
    """An alert that a rule wants to be open; `events` counts what it sums up."""

    device_id: int
    serial: str | None
    since: int
    reason: str
    events: int = 0


class Comparison(NamedTuple):
    """What a rule wants for some devices; `quiet` are those in maintenance."""

    rule: RuleRow
    device_ids: set[int]
    wanted: dict[int, WantedAlert]
    quiet: set[int]


class Evaluation:
    """Evaluates rules on devices."""

    def __init__(self, store: Store, outbox: Outbox, matcher: DeviceMatcher) -> None:
        self._store = store
        self._outbox = outbox
        self._matcher = matcher
        self._listening = Listening(store)

    async def compare(self, rule: RuleRow, device_ids: Collection[int], now: int) -> Comparison:
        """Compares devices with a rule of a state."""
        condition: Condition = read_condition(rule.condition)
        rows = await self._store.all(queries.STATES_AMONG, network_id=rule.network_id, ids=list(device_ids))
        states: dict[int, DeviceState] = {row.id: row for row in rows}
        # Renewed here too: after an outage, this job may run before that of the health does.
        outages = await self._listening.renew(now) if condition.kind == "silent" else ()
        dates = ((id_, begun(condition, row, now, outages)) for id_, row in states.items())
        since = {id_: date for id_, date in dates if date is not None}
        matching = await self._matcher.matching(rule.network_id, rule.filter, since)
        quiet = await self.in_maintenance(rule.network_id, matching, now)
        wanted = {
            id_: WantedAlert(id_, states[id_].serial, since[id_], reason_of(condition, states[id_]))
            for id_ in sorted(matching)
        }
        return Comparison(rule, set(device_ids), wanted, quiet)

    async def in_maintenance(self, network_id: int, device_ids: Collection[int], now: int) -> set[int]:
        """Returns the devices for which a maintenance window is open."""
        quiet: set[int] = set()
        if device_ids:
            for window in await self._store.all(queries.WINDOWS, in_network=network_id):
                if is_within(window, now):
                    quiet |= await self._matcher.matching(network_id, window.filter, device_ids)
        return quiet

    async def apply(self, tx: Transaction, comparison: Comparison, now: int) -> None:
        """Opens, counts up and resolves the alerts of a rule about these devices."""
        rule, device_ids, wanted, quiet = comparison
        ids = sorted({*device_ids, *wanted})
        key = {"in_network": rule.network_id, "rule": rule.id}
        live = {row.device_id: row for row in await tx.all(queries.LOCK_LIVE, **key, ids=ids)}
        changes = AlertChanges(rule)
        for device_id in ids:
            row, one = live.get(device_id), wanted.get(device_id)
            if row is None:
                if one is not None and device_id not in quiet:
                    changes.insert(one, now)
            elif one is not None:
                changes.continue_(row, one, now, is_quiet=device_id in quiet)
            else:
                changes.resolve(row, now)
        await self._write(tx, changes, now)

    async def resolve_orphans(self, tx: Transaction, rows: Sequence[AlertRow], now: int) -> None:
        """Resolves alerts whose rule was deleted or disabled; nobody hears of it."""
        for row in rows:
            await tx.execute(queries.CHANGE_ALERT, **_resolved(row, now))

    async def _write(self, tx: Transaction, changes: AlertChanges, now: int) -> None:
        rule = changes.rule
        if changes.inserted:
            ids = await tx.next_ids("alert", len(changes.inserted))
            rows = [row | {"id": id_} for row, id_ in zip(changes.inserted, ids, strict=True)]
            await tx.execute_many(queries.INSERT_ALERT, rows)
            changes.opened += [row for row in rows if row["state"] == "open"]
        for change in changes.changed:
            await tx.execute(queries.CHANGE_ALERT, **change)
        for id_ in changes.deleted:
            await tx.execute(queries.DELETE_ALERT, in_network=rule.network_id, this_id=id_)
        if changes.opened:
            await put_notices(tx, rule, NOTIFIED_BY_RULE, changes.opened, now)
            await self._notify_webhooks(tx, rule, "opened", changes.opened, now)
        if changes.resolved:
            await put_notices(tx, rule, RECOVERED, changes.resolved, now)
            await self._notify_webhooks(tx, rule, "resolved", changes.resolved, now)

    async def _notify_webhooks(
        self, tx: Transaction, rule: RuleRow, state: str, alerts: list[dict[str, Any]], now: int
    ) -> None:
        """Puts one delivery for each webhook of the rule into the outbox."""
        chosen = set(msgspec.json.decode(rule.webhooks))
        if not chosen:
            return
        data = [
            {
                "state": state,
                "alertId": row["id"],
                "ruleId": rule.id,
                "ruleName": rule.name,
                "deviceId": row["device_id"],
                "serial": row["serial"],
                "reason": row["reason"],
                "since": datetime.format(row["since_date"]),
            }
            for row in alerts
        ]
        body = {"type": "alerts", "timestamp": datetime.format(now), "networkId": rule.network_id, "data": data}
        content = encode(body).decode()
        for webhook in await tx.all(ALL_WEBHOOKS, in_network=rule.network_id):
            if webhook.id in chosen and webhook.is_enabled:
                message = Message("webhook", webhook.name, f"alerts {state}", content, rule.network_id, webhook.id)
                await self._outbox.put(tx, message, now)


class AlertChanges:
    """What an evaluation writes for one rule."""

    def __init__(self, rule: RuleRow) -> None:
        self.rule = rule
        self._is_about_events = read_condition(rule.condition).kind == "event"
        self.inserted: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        self.deleted: list[int] = []
        #: Alerts of which somebody is to hear, with the columns that messages show.
        self.opened: list[dict[str, Any]] = []
        self.resolved: list[dict[str, Any]] = []

    def insert(self, one: WantedAlert, now: int) -> None:
        """Adds a new alert: open, or pending until the condition has lasted long enough."""
        due = one.since + self.rule.delay
        is_open = now >= due
        self.inserted.append(
            {
                "network_id": self.rule.network_id,
                "rule_id": self.rule.id,
                "rule_name": self.rule.name,
                "device_id": one.device_id,
                "serial": one.serial,
                "serial_key": None if one.serial is None else fold(one.serial),
                "state": "open" if is_open else "pending",
                "reason": one.reason,
                "since_date": one.since,
                "due_date": None if is_open else due,
                "open_date": now if is_open else None,
                "last_date": now,
                "count": max(1, one.events),
                "actor": None,
                "note": None,
                "resolve_date": None,
            }
        )

    def continue_(self, row: AlertRow, one: WantedAlert, now: int, *, is_quiet: bool) -> None:
        """Opens a pending or muted alert that is due, and counts events up."""
        if row.state == "pending" and is_quiet:
            self.deleted.append(row.id)
        elif row.due_date is not None and row.due_date <= now and not is_quiet:
            self.changed.append(_change(row, new_state="open", new_due_date=None, new_open_date=now, new_last_date=now))
            self.opened.append(_shown(row))
        elif one.events:
            self.changed.append(_change(row, new_last_date=now, new_count=row.count + one.events))

    def resolve(self, row: AlertRow, now: int) -> None:
        """Ends an alert whose condition no longer holds. One about events lasts until a person resolves it."""
        if self._is_about_events:
            return
        if row.state == "pending":
            self.deleted.append(row.id)
            return
        self.changed.append(_resolved(row, now))
        if row.state != "muted":
            self.resolved.append(_shown(row))


def _resolved(row: AlertRow, now: int) -> dict[str, Any]:
    return _change(row, new_state="resolved", new_due_date=None, new_resolve_date=now, new_last_date=now)


def _change(row: AlertRow, **values: Any) -> dict[str, Any]:
    """Returns the parameters of `CHANGE_ALERT` that change only `values`."""
    columns = ("state", "due_date", "open_date", "last_date", "count", "actor", "note", "resolve_date")
    present = {f"new_{name}": getattr(row, name) for name in columns}
    return {"in_network": row.network_id, "this_id": row.id, **present, **values}


def _shown(row: AlertRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "device_id", "serial", "reason", "since_date")}
