"""Decides what becomes of alerts: compares what rules want about a few devices with the alerts that there are.

A cause of a device is one alert, whichever rules want it. The first rule whose time has come opens it, a further one
joins it and its receivers hear of it once; state, acknowledgement and mute are the alert's. It ends when no rule of a
state wants it any more, or, if it has only rules of events, by a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from signfleet.fleet.alerts.causes import UNKNOWN_WHILE_SILENT, Finding, stored
from signfleet.fleet.alerts.conditions import read_condition
from signfleet.fleet.alerts.joining import columns_of, rules_of
from signfleet.fleet.alerts.schemas import JoinedRule
from signfleet.fleet.alerts.store import AlertRow, RuleRow, change_of
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import MINUTE

#: When a maintenance window prevents what is due, it is looked at again after this time, in ms.
_LATER: Final = MINUTE


class WantingRule(NamedTuple):
    """A rule that wants an alert from `due` on (ms)."""

    due: int
    rule: JoinedRule


class WantedAlert(NamedTuple):
    """An alert that rules want, those that are due first before the others; `events` counts what it sums up."""

    device_id: int
    serial: str | None
    since: int
    cause: Finding
    rules: list[WantingRule]
    events: int = 0


class Comparison(NamedTuple):
    """What the enabled `rules` of a network want: about `device_ids` as to their state, or because of events.

    `known` are the devices that exist, `silent` those that are silent, `quiet` those in maintenance.
    """

    network_id: int
    rules: Mapping[int, RuleRow]
    device_ids: set[int]
    known: set[int]
    silent: set[int]
    quiet: set[int]
    #: By device and cause.
    wanted: dict[tuple[int, str], WantedAlert]

    @property
    def subjects(self) -> list[int]:
        """The devices whose alerts are compared."""
        return sorted(self.device_ids | {device_id for device_id, _ in self.wanted})


class News(NamedTuple):
    """An alert of which the receivers of some rules are to hear, if they have not by `earlier` rules."""

    #: The columns that messages show.
    alert: dict[str, Any]
    rules: list[RuleRow]
    earlier: list[RuleRow]


class AlertChanges:
    """What an evaluation writes about a few devices."""

    def __init__(self, comparison: Comparison, now: int) -> None:
        self._all = comparison
        self.network_id = comparison.network_id
        self.now = now
        self.inserted: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        self.deleted: list[int] = []
        self.opened: list[News] = []
        self.resolved: list[News] = []

    def __bool__(self) -> bool:
        return bool(self.inserted or self.changed or self.deleted)

    def compare(self, rows: Sequence[AlertRow]) -> AlertChanges:
        """Decides, given the alerts of the subjects that are not resolved."""
        live = {(row.device_id, row.cause): row for row in rows}
        for key, one in self._all.wanted.items():
            if key not in live and one.device_id not in self._all.quiet:
                self._insert(one)
        for key, row in live.items():
            wanted = self._all.wanted.get(key)
            if row.state == "pending":
                self._open(row, wanted)
            elif wanted is not None:
                self._continue(row, wanted)
            elif row.device_id in self._all.device_ids:
                self._end(row)
        return self

    def _insert(self, one: WantedAlert) -> None:
        """Adds a new alert: open, or pending until the condition has lasted long enough for a rule."""
        due, later = self._split(one)
        row = {
            "network_id": self._all.network_id,
            **columns_of(due or [one.rules[0].rule]),
            "device_id": one.device_id,
            "cause": one.cause.kind,
            "cause_data": stored(one.cause.data),
            "serial": one.serial,
            "serial_key": None if one.serial is None else fold(one.serial),
            "state": "open" if due else "pending",
            "reason": one.cause.text,
            "since_date": one.since,
            "due_date": later,
            "open_date": self.now if due else None,
            "last_date": self.now,
            "count": max(1, one.events),
            "actor": None,
            "note": None,
            "resolve_date": None,
        }
        self.inserted.append(row)
        if due:
            self.opened.append(News(row, self._rows(due), []))

    def _open(self, row: AlertRow, one: WantedAlert | None) -> None:
        """Opens a pending alert when the first rule is due; deletes it if no rule wants it, or in maintenance."""
        if row.device_id in self._all.quiet or (one is None and row.device_id in self._all.device_ids):
            self.deleted.append(row.id)
        elif one is not None:
            due, later = self._split(one)
            if due:
                self._set_open(row, due, later, one)
            elif later != row.due_date:
                self._change(row, due_date=later)

    def _continue(self, row: AlertRow, one: WantedAlert) -> None:
        """Lets further rules join, opens a muted alert that is due, and counts events up."""
        due, later = self._split(one)
        present = self._present(row)
        known = {rule.id for rule in present}
        joining = [rule for rule in due if rule.id not in known]
        is_quiet = row.device_id in self._all.quiet
        values: dict[str, Any] = {}
        if one.events:
            values = {"last_date": self.now, "count": row.count + one.events}
        if not present and not joining:
            self._resolve(row, [])
            return
        if row.state == "muted":
            if self._is_due(row) and not is_quiet:
                self._set_open(row, present + joining, later, one, **values)
                return
            due_date = self.now + _LATER if self._is_due(row) else row.due_date
        else:
            due_date = self.now + _LATER if is_quiet and joining else later
            if not is_quiet and joining:
                self.opened.append(News(_shown(row, present + joining), self._rows(joining), self._rows(present)))
        if is_quiet:
            joining = []
        self._change(row, **values, due_date=due_date, **self._columns(row, present + joining))

    def _end(self, row: AlertRow) -> None:
        """Ends an alert whose cause is over. One that only events have opened lasts until a person resolves it.

        What nobody can know while a device is silent goes on until it reports.
        """
        present = self._present(row)
        is_unknown = row.device_id in self._all.silent and row.cause in UNKNOWN_WHILE_SILENT
        if not present or row.device_id not in self._all.known:
            self._resolve(row, [])
        elif is_unknown or all(self._is_of_events(rule) for rule in present):
            self._stay(row, present)
        else:
            self._resolve(row, present)

    def _stay(self, row: AlertRow, rules: list[JoinedRule]) -> None:
        if row.state == "muted" and self._is_due(row):
            self._set_open(row, rules, None, None)
        else:
            due_date = row.due_date if row.state == "muted" else None
            self._change(row, due_date=due_date, **self._columns(row, rules))

    def _resolve(self, row: AlertRow, rules: Sequence[JoinedRule]) -> None:
        now = self.now
        self._change(row, state="resolved", due_date=None, resolve_date=now, last_date=now)
        if row.state != "muted" and rules:
            self.resolved.append(News(_shown(row, rules), self._rows(rules), []))

    def _set_open(
        self, row: AlertRow, rules: list[JoinedRule], later: int | None, one: WantedAlert | None, **values: Any
    ) -> None:
        now = self.now
        if one is not None and not one.events:
            values |= {"reason": one.cause.text, "cause_data": stored(one.cause.data)}
        self._change(
            row,
            **columns_of(rules),
            **{"state": "open", "due_date": later, "open_date": now, "last_date": now} | values,
        )
        self.opened.append(News(_shown(row, rules) | values, self._rows(rules), []))

    def _change(self, row: AlertRow, **values: Any) -> None:
        if any(getattr(row, name) != value for name, value in values.items()):
            self.changed.append(change_of(row, **values))

    def _columns(self, row: AlertRow, rules: Sequence[JoinedRule]) -> dict[str, Any]:
        """Returns the columns of an alert that now has these rules; none if these are its rules already."""
        return {} if rules == rules_of(row) else columns_of(rules)

    def _split(self, one: WantedAlert) -> tuple[list[JoinedRule], int | None]:
        """Returns the rules that are due, and when the next one is."""
        due = [each.rule for each in one.rules if each.due <= self.now]
        return due, min((each.due for each in one.rules if each.due > self.now), default=None)

    def _present(self, row: AlertRow) -> list[JoinedRule]:
        """Returns those rules of an alert that still are there and enabled."""
        return [rule for rule in rules_of(row) if rule.id in self._all.rules]

    def _rows(self, rules: Sequence[JoinedRule]) -> list[RuleRow]:
        return [self._all.rules[rule.id] for rule in rules]

    def _is_due(self, row: AlertRow) -> bool:
        return row.due_date is not None and row.due_date <= self.now

    def _is_of_events(self, rule: JoinedRule) -> bool:
        return read_condition(self._all.rules[rule.id].condition).kind == "event"


def _shown(row: AlertRow, rules: Sequence[JoinedRule]) -> dict[str, Any]:
    """Returns the columns of an alert that messages show."""
    names = ("id", "device_id", "serial", "reason", "since_date", "cause", "cause_data")
    return {name: getattr(row, name) for name in names} | columns_of(rules)
