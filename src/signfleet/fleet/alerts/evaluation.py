"""Compares what the rules of a network want with its alerts, for a few devices at a time, and writes the difference.

An evaluation reads outside the writer and writes in one transaction, which fails if the process no longer is the one
that evaluates (`Lease`): whatever a killed process has not committed, the next one does again. The transaction locks
the alerts and decides again; that a device has one alert for each cause is a unique index.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.announcing import announce
from signfleet.fleet.alerts.causes import cause_of_event, cause_of_state
from signfleet.fleet.alerts.changes import AlertChanges, Comparison, WantedAlert, WantingRule
from signfleet.fleet.alerts.conditions import DeviceState, begun, is_within, read_condition
from signfleet.fleet.alerts.matching import DeviceMatcher
from signfleet.fleet.alerts.schemas import JoinedRule
from signfleet.fleet.alerts.store import RuleRow
from signfleet.fleet.health.listening import Listening
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.notify.events.store import EventRow
from signfleet.notify.outbox.service import Outbox

#: The device of alerts about the network.
NETWORK: Final = 0

Rules = Mapping[int, RuleRow]


class Evaluation:
    """Evaluates rules on devices."""

    def __init__(self, store: Store, outbox: Outbox, matcher: DeviceMatcher) -> None:
        self._store = store
        self._outbox = outbox
        self._matcher = matcher
        self._listening = Listening(store)

    async def rules(self, network_id: int) -> Rules:
        """Returns the enabled rules of a network by id."""
        return {row.id: row for row in await self._store.all(queries.ENABLED_RULES, in_network=network_id)}

    async def compare(self, network_id: int, rules: Rules, device_ids: Collection[int], now: int) -> Comparison:
        """Compares the state of devices with the rules of a network."""
        rows = await self._store.all(queries.STATES_AMONG, network_id=network_id, ids=list(device_ids))
        states: dict[int, DeviceState] = {row.id: row for row in rows}
        wanted: dict[tuple[int, str], WantedAlert] = {}
        for rule in rules.values():
            await self._add_wanted(wanted, rule, states, now)
        quiet = await self._in_maintenance(network_id, {device_id for device_id, _ in wanted}, now)
        return Comparison(
            network_id,
            rules,
            set(device_ids),
            known={NETWORK, *states},
            silent={id_ for id_, state in states.items() if state.health_reason == "silent"},
            quiet=quiet,
            wanted=wanted,
        )

    async def _add_wanted(
        self, wanted: dict[tuple[int, str], WantedAlert], rule: RuleRow, states: Mapping[int, DeviceState], now: int
    ) -> None:
        """Adds the alerts that a rule of a state wants."""
        condition = read_condition(rule.condition)
        # Renewed here too: after an outage, this job may run before that of the health does.
        outages = await self._listening.renew(now) if condition.kind == "silent" else ()
        dates = ((id_, begun(condition, row, now, outages)) for id_, row in states.items())
        since = {id_: date for id_, date in dates if date is not None}
        for id_ in sorted(await self._matcher.matching(rule.network_id, rule.filter, since)):
            state, begin = states[id_], since[id_]
            cause = cause_of_state(condition, state, now)
            one = WantedAlert(id_, state.serial, begin, cause, [WantingRule(begin + rule.delay, _named(rule))])
            wanted[id_, cause.kind] = _both(wanted.get((id_, cause.kind)), one)

    async def compare_events(self, network_id: int, rules: Rules, events: Sequence[EventRow], now: int) -> Comparison:
        """Compares events with the rules of a network that are about events: an alert counts those of one cause."""
        wanted: dict[tuple[int, str], WantedAlert] = {}
        counted: dict[tuple[int, str], set[int]] = {}
        for rule in rules.values():
            condition = read_condition(rule.condition)
            chosen = [event for event in events if event.kind in condition.events]
            ids = {event.device_id for event in chosen if event.device_id}
            matching = await self._matcher.matching(network_id, rule.filter, ids)
            if rule.filter is None:
                matching.add(NETWORK)
            for event in chosen:
                device_id = event.device_id or NETWORK
                if device_id not in matching:
                    continue
                cause = cause_of_event(event)
                key = device_id, cause.kind
                counted.setdefault(key, set()).add(event.id)
                one = WantedAlert(device_id, event.serial, event.date, cause, [WantingRule(now, _named(rule))])
                wanted[key] = _both(wanted.get(key), one)
        counts = {key: one._replace(events=len(counted[key])) for key, one in wanted.items()}
        quiet = await self._in_maintenance(network_id, {device_id for device_id, _ in wanted}, now)
        return Comparison(network_id, rules, set(), set(), set(), quiet, counts)

    async def _in_maintenance(self, network_id: int, device_ids: Collection[int], now: int) -> set[int]:
        """Returns the devices for which a maintenance window is open."""
        quiet: set[int] = set()
        if ids := set(device_ids) - {NETWORK}:
            for window in await self._store.all(queries.WINDOWS, in_network=network_id):
                if is_within(window, now):
                    quiet |= await self._matcher.matching(network_id, window.filter, ids)
        return quiet

    async def differs(self, comparison: Comparison, now: int) -> bool:
        """Returns whether there is anything to write, without a transaction."""
        key = {"in_network": comparison.network_id, "ids": comparison.subjects}
        return bool(AlertChanges(comparison, now).compare(await self._store.all(queries.LIVE, **key)))

    async def apply(self, tx: Transaction, comparison: Comparison, now: int) -> None:
        """Opens, counts up and resolves alerts, and lets people hear of it."""
        if not comparison.subjects:
            return
        network_id = comparison.network_id
        rows = await tx.all(queries.LOCK_LIVE, in_network=network_id, ids=comparison.subjects)
        changes = AlertChanges(comparison, now).compare(rows)
        if changes.inserted:
            ids = await tx.next_ids("alert", len(changes.inserted))
            for row, id_ in zip(changes.inserted, ids, strict=True):
                row["id"] = id_
            await tx.execute_many(queries.INSERT_ALERT, changes.inserted)
        if changes.changed:
            await tx.execute_many(queries.CHANGE_ALERT, changes.changed)
        for id_ in changes.deleted:
            await tx.execute(queries.DELETE_ALERT, in_network=network_id, this_id=id_)
        await announce(tx, self._outbox, changes)


def _named(rule: RuleRow) -> JoinedRule:
    return JoinedRule(rule.id, rule.name)


def _both(first: WantedAlert | None, other: WantedAlert) -> WantedAlert:
    """Returns the alert that both of them are, with the later cause: rules that are due earlier come first."""
    if first is None:
        return other
    rules = sorted({each.rule.id: each for each in (*first.rules, *other.rules)}.values(), key=lambda each: each.due)
    return other._replace(since=min(first.since, other.since), rules=rules)
