"""Runs the evaluation: on events, when something is due, and now and then on what may differ without either."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import structlog

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.changes import Comparison
from signfleet.fleet.alerts.evaluation import Evaluation
from signfleet.fleet.alerts.lease import Lease, LeaseLost
from signfleet.fleet.alerts.mailing import Mailing
from signfleet.fleet.alerts.matching import DeviceMatcher
from signfleet.fleet.alerts.notices import EventNotice, insert_notices, notice_of_event
from signfleet.fleet.alerts.store import BATCH, Reader
from signfleet.fleet.alerts.unsettled import Unsettled
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
#: How often the devices whose alerts may have to change without an event are looked for.
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
        self._unsettled = Unsettled(store)
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
        rules = await self._evaluation.rules(network_id)
        changed = {event.device_id for event in events if event.kind == "HealthChanged" and event.device_id}
        comparisons = [await self._evaluation.compare_events(network_id, rules, events, now)]
        if changed:
            comparisons.append(await self._evaluation.compare(network_id, rules, changed, now))
        webhooks = await self._store.all(ALL_WEBHOOKS, in_network=network_id)
        sent = await messages(network_id, webhooks, events, self._matchers, now)
        notices = [notice for event in events if (notice := notice_of_event(event)) is not None]
        return _Plan(network_id, comparisons, sent, notices)

    async def _write(self, tx: Transaction, plan: _Plan, now: int) -> None:
        for comparison in plan.comparisons:
            await self._evaluation.apply(tx, comparison, now)
        for message in plan.messages:
            await self._outbox.put(tx, message, now)
        for topic in dict.fromkeys(topic for topic, _ in plan.notices):
            facts = [each for name, each in plan.notices if name == topic]
            await insert_notices(tx, plan.network_id, topic, facts, now)

    async def _open_due(self, now: int) -> None:
        """Opens alerts whose condition has lasted, and those that were muted until now."""
        while rows := await self._store.all(queries.DUE, now=now):
            for network_id in dict.fromkeys(row.network_id for row in rows):
                ids = {row.device_id for row in rows if row.network_id == network_id}
                rules = await self._evaluation.rules(network_id)
                await self._apply(await self._evaluation.compare(network_id, rules, ids, now), now)
            if len(rows) < BATCH:
                return

    async def _compare_all(self, now: int) -> None:
        """Finds what no event has shown: new rules, devices that match them now, windows that have ended."""
        networks = {rule.network_id for rule in await self._store.scan_all(queries.ALL_ENABLED_RULES)}
        networks |= {row.network_id for row in await self._store.scan_all(queries.NETWORKS_WITH_ALERTS)}
        for network_id in sorted(networks):
            await self._compare_network(network_id, now)

    async def _compare_network(self, network_id: int, now: int) -> None:
        rules = await self._evaluation.rules(network_id)
        seen: set[int] = set()
        async for page in self._unsettled.pages(network_id, rules, now):
            ids = [id_ for id_ in page if id_ not in seen]
            seen.update(ids)
            for begin in range(0, len(ids), BATCH):
                comparison = await self._evaluation.compare(network_id, rules, ids[begin : begin + BATCH], now)
                await asyncio.sleep(0)  # SQLite reads without a pause: others get their turn
                if await self._evaluation.differs(comparison, now):
                    await self._apply(comparison, now)

    async def _apply(self, comparison: Comparison, now: int) -> None:
        await self._lease.write(lambda tx, _: self._evaluation.apply(tx, comparison, now))
