"""The limits of health that a network sets for itself."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from signfleet.fleet.health import limits_store as queries
from signfleet.fleet.health.inputs import read_limits
from signfleet.fleet.health.rules import Limits
from signfleet.fleet.health.schemas import HealthRules
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import DAY, MINUTE
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks.store import LOCK_NETWORK
from signfleet.web.contract.conditional import NONE, Precondition, version_of

#: How many devices one transaction makes due after a change, so that other writers wait for a few milliseconds.
BATCH = 100
#: The longest time that a limit may be, in ms.
LONGEST = 30 * DAY


class HealthLimits:
    """Reads and replaces the limits of a network; makes its devices due for an evaluation by them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, network_id: int) -> HealthRules:
        """Returns the rules of a network."""
        row = await self._store.one(queries.LIMITS, network_id=network_id)
        return _entity(read_limits(row.limits if row else None))

    async def put(self, network_id: int, rules: HealthRules, now: int, precondition: Precondition = NONE) -> None:
        """Replaces the rules of a network; the sweep evaluates its devices by them soon. Raises `Invalid`, `Stale`."""
        limits = _checked(rules)

        async def work(tx: Transaction) -> None:
            network = await tx.one(LOCK_NETWORK, id=network_id)
            if network is None:
                raise NotFound("The network is gone.")
            row = await tx.one(queries.LIMITS, network_id=network_id)
            before = read_limits(row.limits if row else None)
            precondition.check_version(version_of(_entity(before)))
            if before == limits:
                return
            document = encode(limits).decode()
            await tx.execute(queries.PUT_LIMITS, network_id=network_id, limits=document, checked_device_id=0)
            entry = AuditEntry("Update", "Network", network_id, network.name, _entity(before), _entity(limits))
            await record(tx, network_id, entry, now)

        await self._store.write(work)

    async def make_due(self, now: int) -> None:
        """Makes the devices of networks whose rules have changed due at `now` (ms), a batch in each transaction."""
        while (row := await self._store.one(queries.UNCHECKED)) is not None:
            began = time.monotonic()
            await self._store.write(partial(_make_due, network_id=row.network_id, now=now))
            await asyncio.sleep(time.monotonic() - began)  # the turn of other writers


async def _make_due(tx: Transaction, *, network_id: int, now: int) -> None:
    row = await tx.one(queries.LOCK_LIMITS, network_id=network_id)
    if row is None or row.checked_device_id is None:
        return
    devices = await tx.all(queries.LOCK_DEVICES_AFTER, network_id=network_id, after=row.checked_device_id, limit=BATCH)
    ids = [device.id for device in devices]
    await tx.execute(queries.MAKE_DUE, in_network=network_id, ids=ids, now=now)
    await tx.execute(queries.SET_CHECKED, in_network=network_id, checked=ids[-1] if len(ids) == BATCH else None)


def _checked(rules: HealthRules) -> Limits:
    """Returns the rules as limits. Raises `Invalid` naming what does not fit."""
    limits = Limits(
        late_reports=rules.late_reports,
        late_after=_time("lateAfter", rules.late_after),
        silent_reports=rules.silent_reports,
        silent_after=_time("silentAfter", rules.silent_after),
        nearly_full=rules.nearly_full_percent,
        full=rules.full_percent,
        error_memory=_time("errorMemory", rules.error_memory),
        suspended=rules.suspended_subscription,
    )
    if limits.silent_reports < limits.late_reports:
        raise Invalid("'silentReports': at least as many as 'lateReports', because an Error follows a Warning.")
    if limits.silent_after < limits.late_after:
        raise Invalid("'silentAfter': at least as long as 'lateAfter', because an Error follows a Warning.")
    if limits.full > limits.nearly_full:
        raise Invalid("'fullPercent': at most as much as 'nearlyFullPercent'.")
    return limits


def _time(name: str, text: str) -> int:
    try:
        time = timespan.parse(text)
    except ValueError as error:
        raise Invalid(f"'{name}': {error}.") from error
    if not MINUTE <= time <= LONGEST:
        raise Invalid(f"'{name}': from {timespan.format(MINUTE)} to {timespan.format(LONGEST)}.")
    return time


def _entity(limits: Limits) -> HealthRules:
    return HealthRules(
        late_reports=limits.late_reports,
        late_after=timespan.format(limits.late_after),
        silent_reports=limits.silent_reports,
        silent_after=timespan.format(limits.silent_after),
        nearly_full_percent=limits.nearly_full,
        full_percent=limits.full,
        error_memory=timespan.format(limits.error_memory),
        suspended_subscription=limits.suspended,
    )
