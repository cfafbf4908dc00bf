"""Finds the devices whose alerts may have to change, though no event came: what only a comparison notices.

    no alert, or not one of this rule       a new rule, a device that matches its filter now, a window that has ended,
                                            an alert that a person resolved too early
    an alert that no rule explains          a rule that is gone or does not match any more, a device that is gone or
                                            reports again, a pending alert whose rule now waits less long

Both are searches in the store, without a memory of what was compared before: after a start, a kill or a change of the
process they find the same. What an alert needs beyond that, such as to open when it is due, has its own date.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from signfleet.fleet.alerts import unsettled_store as queries
from signfleet.fleet.alerts.causes import CONTACT
from signfleet.fleet.alerts.conditions import read_condition
from signfleet.fleet.alerts.joining import rule_ids
from signfleet.fleet.alerts.schemas import Condition
from signfleet.fleet.alerts.store import RuleRow
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.health.listening import Listening
from signfleet.fleet.health.rules import Outage, deadline
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Listing, Scope
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.timespan import MINUTE

#: How many devices one search returns.
PAGE: Final = 1000

#: The ids of the rules of alerts, by their text.
RulesOfAlerts = Mapping[str, frozenset[int]]


class Unsettled:
    """Searches the devices of a network."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listing = Listing(DEVICES)
        self._listening = Listening(store)

    async def pages(self, network_id: int, rules: Mapping[int, RuleRow], now: int) -> AsyncIterator[list[int]]:
        """Yields ids of devices, some of them more than once; 0 is the network."""
        conditions = {id_: read_condition(rule.condition) for id_, rule in rules.items()}
        before = await self._silent_since(conditions, now)
        present = await self._rules_of_alerts(network_id)
        for id_, rule in rules.items():
            joined = _where(present, {id_}.__le__)
            for scope in _scopes(conditions[id_], before[id_], joined):
                async for ids in self._lacking(network_id, rule.filter, scope):
                    yield ids
        everywhere = {id_: condition for id_, condition in conditions.items() if rules[id_].filter is None}
        query = queries.unsettled_alerts(
            frozenset(group for condition in everywhere.values() for group in queries.groups_of(condition))
        )
        await query.prepare(self._store.dialect)
        present = await self._rules_of_alerts(network_id)
        events = {id_ for id_, condition in conditions.items() if condition.kind == "event"}
        # Of silence that has to last, an alert does not show whether the rule still counts it from the same date.
        steady = {id_ for id_, condition in conditions.items() if condition.kind != "silent"}
        explained = {
            "complete": _where(present, rules.keys().__ge__),
            "steady": _where(present, steady.__ge__),
            "lasting": _where(present, events.__ge__),
            "before": max((before[id_] for id_ in everywhere), default=-1),
        }
        after = -1
        while True:
            rows = await self._store.scan_all(query, network_id=network_id, after=after, count=PAGE, **explained)
            yield [row.id for row in rows]
            if len(rows) < PAGE:
                return
            after = rows[-1].id

    async def _lacking(self, network_id: int, filter_: str | None, scope: Scope) -> AsyncIterator[list[int]]:
        """Yields the devices of a scope that match the filter of a rule; none if it is not valid."""
        try:
            parsed = None if filter_ is None else await DEVICES.read_filter(filter_)
        except Invalid:  # written for an older version
            return
        order, position = DEVICES.sort("[Id] ASC"), None
        while True:
            page = await self._listing.page(
                self._store, network_id, filter=parsed, sort=order, position=position, size=PAGE, scope=scope
            )
            yield page.ids
            if page.next_marker is None:
                return
            position = order.position(page.next_marker)

    async def _rules_of_alerts(self, network_id: int) -> RulesOfAlerts:
        rows = await self._store.scan_all(queries.RULES_OF_ALERTS, network_id=network_id)
        return {row.rules: rule_ids(row.rules) for row in rows}

    async def _silent_since(self, conditions: Mapping[int, Condition], now: int) -> dict[int, int]:
        """Returns the date of the last report (ms) up to which a device is silent, by the rule; -1 if none is."""
        # Renewed here too: after an outage, this job may run before that of the health does.
        is_needed = any(condition.kind == "silent" for condition in conditions.values())
        outages = await self._listening.renew(now) if is_needed else []
        return {id_: _silent_before(condition, now, outages) for id_, condition in conditions.items()}


def _silent_before(condition: Condition, now: int, outages: list[Outage]) -> int:
    if condition.kind != "silent":
        return -1
    time = (condition.minutes or 0) * MINUTE
    # A later report is never silent earlier, so the date is found by halving.
    return bisect_right(range(now - time + 1), now, key=lambda reported: deadline(reported, time, outages)) - 1


def _scopes(condition: Condition, before: int, joined: list[str]) -> Iterable[Scope]:
    """Returns the devices that meet a condition and lack its alert."""
    if condition.kind == "silent":
        yield _with(queries.FOR_SILENCE, cause=CONTACT, joined=joined, before=before)
    for group in queries.groups_of(condition):
        values = {"health": group.health, "cause": group.cause, "joined": joined}
        if group.reason is None:
            yield _with(queries.FOR_NO_REASON, **values)
        else:
            yield _with(queries.FOR_A_REASON, reason=group.reason, **values)


def _with(scope: Scope, **values: Any) -> Scope:
    return replace(scope, parameters=values)


def _where(present: RulesOfAlerts, test: Callable[[frozenset[int]], bool]) -> list[str]:
    """Returns the texts of the rules that pass a test."""
    return [text for text, ids in present.items() if test(ids)]
