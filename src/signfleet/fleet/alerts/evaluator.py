"""Runs the evaluation: on events, when something is due, and now and then on everything that is not well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import structlog

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.conditions import read_condition
from signfleet.fleet.alerts.evaluation import Comparison, Evaluation, WantedAlert
from signfleet.fleet.alerts.lease import Lease, LeaseLost
from signfleet.fleet.alerts.mailing import Mailing
from signfleet.fleet.alerts.matching import DeviceMatcher
from signfleet.fleet.alerts.notices import NO_RULE, EventNotice, insert_notices, notice_of_event
from signfleet.fleet.alerts.schemas import Condition
from signfleet.fleet.alerts.store import BATCH, AlertRow, Reader, RuleRow
from signfleet.fleet.webhooks.events import Matchers, messages
from signfleet.fleet.webhooks.store import ALL as ALL_WEBHOOKS
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import DAY, MINUTE
from signfleet.identity.events.matching import EventMatcher
from signfleet.notify.events.reading import Position, read_after, resume
from signfleet.notify.events.store import EventRow
from signfleet.notify.outbox.channel import Message
from signfleet.notify.outbox.service import Outbox

log = structlog.get_logger("alerts")

#: How many events one transaction takes.
EVENTS: Final = 100
#: How often every device that is not well, and every alert that is not resolved, is compared with the rules.
PERIOD: Final = MINUTE
RETENTION: Final = 90 * DAY


class _Plan(NamedTuple):
    """What a transaction writes for the events of one network."""

    network_id: int
    comparisons: list[Comparison]
    messages: list[Message]
    notices: list[EventNotice]


class AlertEvaluator:
    """Evaluates the rules of all networks, in one process of the installation at a time."""

    def __init__(self, store: Store, outbox: Outbox, mailing: Mailing) -> None:
        self._store = store
        self._outbox = outbox
        self._mailing = mailing
        self._matcher = DeviceMatcher(store)
        self._matchers = Matchers(self._matcher.matching, EventMatcher(store).matching)
        self._evaluation = Evaluation(store, outbox, self._matcher)
        self._lease = Lease(store)
        self._compared = 0

    async def run(self, now: int) -> None:
        """Does what is due at `now` (ms), if no other process does."""
        if not await self._lease.renew(now):
            return
        try:
            while await self._read_events(now):
                pass
            await self._open_due(now)
            if now - self._compared >= PERIOD or now < self._compared:
                await self._compare_all(now)
                self._compared = now
            await self._mailing.flush(self._lease, now)
        except LeaseLost:
            log.warning("another process evaluates alerts now")
        self._outbox.send()

    async def sweep(self, now: int) -> None:
        """Deletes resolved alerts after their retention."""
        before = now - RETENTION
        while await self._store.write(lambda tx: tx.execute(queries.DELETE_OLD, before=before)):
            pass

    async def _read_events(self, now: int) -> bool:
        """Takes the next events; returns whether there may be more."""
        reader = await self._lease.reader()
        position = await resume(self._store, Position(reader.transaction_id, reader.event_id))
        batch = await read_after(self._store, None, position, EVENTS)
        if not batch.events:
            return False
        by_network: dict[int, list[EventRow]] = defaultdict(list)
        for event in batch.events:
            by_network[event.network_id].append(event)
        plans = [await self._plan(network_id, events, now) for network_id, events in by_network.items()]

        async def work(tx: Transaction, present: Reader) -> None:
            if (present.transaction_id, present.event_id) != (reader.transaction_id, reader.event_id):
                raise LeaseLost
            for plan in plans:
                await self._write(tx, plan, now)
            await self._lease.advance(tx, batch.position)

        await self._lease.write(work)
        return len(batch.events) == EVENTS

    async def _plan(self, network_id: int, events: Sequence[EventRow], now: int) -> _Plan:
        rules = await self._store.all(queries.ENABLED_RULES, in_network=network_id)
        changed = {event.device_id for event in events if event.kind == "HealthChanged" and event.device_id}
        comparisons = []
        for rule in rules:
            condition = read_condition(rule.condition)
            if condition.kind == "event":
                comparisons.append(await self._of_events(rule, condition, events, now))
            elif changed:
                comparisons.append(await self._evaluation.compare(rule, changed, now))
        webhooks = await self._store.all(ALL_WEBHOOKS, in_network=network_id)
        sent = await messages(network_id, webhooks, events, self._matchers, now)
        notices = [notice for event in events if (notice := notice_of_event(event)) is not None]
        return _Plan(network_id, comparisons, sent, notices)

    async def _of_events(self, rule: RuleRow, condition: Condition, events: Sequence[EventRow], now: int) -> Comparison:
        """Returns what a rule of events wants: an alert for each device, which counts the events."""
        wanted: dict[int, WantedAlert] = {}
        of_kind = [event for event in events if event.kind in condition.events]
        ids = {event.device_id for event in of_kind if event.device_id}
        matching = await self._matcher.matching(rule.network_id, rule.filter, ids)
        if rule.filter is None:
            matching.add(0)
        for event in of_kind:
            device_id = event.device_id or 0
            if device_id in matching:
                count = wanted[device_id].events if device_id in wanted else 0
                reason = f"{event.kind}: {event.name}" if event.name else event.kind
                wanted[device_id] = WantedAlert(device_id, event.serial, event.date, reason[:200], count + 1)
        return Comparison(rule, set(), wanted, await self._evaluation.in_maintenance(rule.network_id, ids, now))

    async def _write(self, tx: Transaction, plan: _Plan, now: int) -> None:
        for comparison in plan.comparisons:
            await self._evaluation.apply(tx, comparison, now)
        for message in plan.messages:
            await self._outbox.put(tx, message, now)
        for topic in dict.fromkeys(topic for topic, _ in plan.notices):
            facts = [each for name, each in plan.notices if name == topic]
            await insert_notices(tx, (plan.network_id, NO_RULE, topic), facts, now)

    async def _open_due(self, now: int) -> None:
        """Opens alerts whose condition has lasted, and those that were muted until now."""
        while rows := await self._store.all(queries.DUE, now=now):
            for network_id, rule_id in dict.fromkeys((row.network_id, row.rule_id) for row in rows):
                own = [row for row in rows if (row.network_id, row.rule_id) == (network_id, rule_id)]
                rule = await self._store.one(queries.RULE, in_network=network_id, this_id=rule_id)
                if rule is None or not rule.is_enabled:
                    continue
                if read_condition(rule.condition).kind == "event":
                    wanted = {row.device_id: WantedAlert(row.device_id, row.serial, row.since_date, "") for row in own}
                    await self._apply(Comparison(rule, set(), wanted, set()), now)
                else:
                    ids = {row.device_id for row in own}
                    await self._apply(await self._evaluation.compare(rule, ids, now), now)
            if len(rows) < BATCH:
                return

    async def _compare_all(self, now: int) -> None:
        """Finds what no event has shown: new rules, devices that match them now, windows that have ended."""
        while orphans := await self._store.scan_all(queries.ORPHANS):

            async def resolve(tx: Transaction, _: Reader, rows: Sequence[AlertRow] = orphans) -> None:
                await self._evaluation.resolve_orphans(tx, rows, now)

            await self._lease.write(resolve)
        for rule in await self._store.scan_all(queries.ALL_ENABLED_RULES):
            condition = read_condition(rule.condition)
            if condition.kind == "event":
                continue
            if condition.kind == "health":
                for health in condition.health:
                    await self._compare_pages(rule, queries.BY_HEALTH, now, health=health)
            else:
                before = now - (condition.minutes or 0) * MINUTE
                await self._compare_pages(rule, queries.BY_SILENCE, now, before=before)
            await self._compare_pages(rule, queries.LIVE_OF_RULE, now)

    async def _compare_pages(self, rule: RuleRow, query: Any, now: int, **params: Any) -> None:
        after = 0
        while True:
            page = {"in_network": rule.network_id, "rule": rule.id, "after": after, "count": BATCH}
            rows = await self._store.scan_all(query, **page, **params)
            ids = {getattr(row, "device_id", row.id) for row in rows}
            if ids:
                comparison = await self._evaluation.compare(rule, ids, now)
                if await self._differs(comparison):
                    await self._apply(comparison, now)
            if len(rows) < BATCH:
                return
            after = rows[-1].id

    async def _differs(self, comparison: Comparison) -> bool:
        """Returns whether there is anything to write, without a transaction."""
        rule, ids, wanted, quiet = comparison
        rows = await self._store.all(queries.LIVE, in_network=rule.network_id, rule=rule.id, ids=list(ids))
        live = {row.device_id: row for row in rows}
        missing = wanted.keys() - live.keys() - quiet
        over = live.keys() - wanted.keys()
        suppressed = [row for row in rows if row.state == "pending" and row.device_id in quiet]
        return bool(missing or over or suppressed)

    async def _apply(self, comparison: Comparison, now: int) -> None:
        await self._lease.write(lambda tx, _: self._evaluation.apply(tx, comparison, now))
