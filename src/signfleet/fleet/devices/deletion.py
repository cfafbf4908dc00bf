"""Deletes devices and everything that belongs to them."""

from __future__ import annotations

from typing import Any, NamedTuple

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.retention.service import Retention
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.expressions.listing import Listing, Scope
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.identity.access import grants
from signfleet.identity.access.grantor import Grantor
from signfleet.identity.access.operations.definitions import DELETE_DEVICE, DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record_all
from signfleet.identity.jobs.kinds import STEP_ROWS, NewJob, Progress, Run, Step
from signfleet.identity.jobs.queue import insert_job
from signfleet.identity.jobs.runner import JobRunner
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import Precondition

#: Up to so many devices deleted at once are audited with their settings; of more, only ids and serials.
AUDITED_IN_FULL = 100
#: How many compiled statements are cached.
CACHE_SIZE = 64


class _Search(NamedTuple):
    """The devices that a caller may delete, of those that a filter matches."""

    filter: Filter
    scope: Scope
    still_matching: Query[Any]


class DeviceDeletion:
    """Deletes one device, or all devices that a filter matches. A `JobKind` too."""

    name = "delete devices"

    def __init__(
        self,
        store: Store,
        devices: Devices,
        permissions: Permissions,
        subscriptions: Subscriptions,
        *,
        retention: Retention,
        jobs: JobRunner,
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._retention = retention
        self._devices = devices
        self._permissions = permissions
        self._subscriptions = subscriptions
        self._listing = Listing(DEVICES)
        jobs.register(self)
        self._still_matching: dict[tuple[Filter, str], Query[Any]] = {}

    async def delete(self, session: Session, ref: str, precondition: Precondition, now: int) -> None:
        """Deletes one device. Raises `NotFound`, `Forbidden` or `Stale`.

        The device's permissions are deleted with it, and do not come back if the serial registers again. So the caller
        needs every operation that one of them denies to someone.
        """
        found = await self._devices.find(session, ref, DELETE_DEVICE)
        network_id = session.network

        async def work(tx: Transaction) -> None:
            await self._devices.lock(tx, session, found, DELETE_DEVICE, precondition)
            await (await Grantor.of(session, tx)).require_to_lift(DEVICE, [found.id])
            await self.remove(tx, network_id, [found.id], now)

        await self._store.write(work)
        self._retention.wake.set()

    async def delete_matching(self, session: Session, filter_: str | None, now: int) -> int:
        """Deletes those devices that match and that the caller may delete one by one; returns how many.

        Up to `STEP_ROWS` devices are deleted in one transaction, more by a job in steps, which this method awaits. The
        search runs before the transaction, because SQLite has one writer; the transaction locks what was found and
        matches it again. Raises `Invalid` without a filter, so that leaving it out cannot delete a whole network.
        """
        network_id = session.network
        search = await self._search(session, filter_)
        candidates = await self._candidates(network_id, search, 0, STEP_ROWS + 1)
        if not candidates:
            return 0
        if len(candidates) > STEP_ROWS:
            return await self._delete_in_steps(session, filter_, search, now)

        async def work(tx: Transaction) -> int:
            return await self._remove_matching(tx, network_id, search, candidates, now)

        deleted = await self._store.write(work)
        self._retention.wake.set()
        return deleted

    async def _search(self, session: Session, filter_: str | None) -> _Search:
        visible = await self._devices.scope(session)
        parsed = await self._listing.read_filter(self._store, session.network, filter_, visible)
        if parsed is None:
            raise Invalid("Query parameter 'filter' is required: it says which devices to delete.")
        deletable = await self._permissions.scope(session, DELETE_DEVICE, queries.DEVICE_ID)
        liftable = await self._permissions.liftable(session, DEVICE, queries.DEVICE_ID)
        scope = visible & deletable & liftable
        key = parsed, scope.name
        still_matching = self._still_matching.get(key)
        if still_matching is None:
            if len(self._still_matching) >= CACHE_SIZE:
                self._still_matching.clear()
            still_matching = self._still_matching[key] = self._listing.matching_among(parsed, scope)
            await still_matching.prepare(self._store.dialect)
        return _Search(parsed, scope, still_matching)

    async def _candidates(self, network_id: int, search: _Search, after: int, size: int) -> list[int]:
        """Returns the first ids after one that match."""
        order = DEVICES.sort("[Id] ASC")
        position = order.position(order.marker((after,))) if after else None
        page = await self._listing.page(
            self._store,
            network_id,
            filter=search.filter,
            sort=order,
            position=position,
            size=size,
            scope=search.scope,
        )
        return page.ids

    async def _delete_in_steps(self, session: Session, text: str | None, search: _Search, now: int) -> int:
        network_id = session.network
        last = await self._listing.page(
            self._store,
            network_id,
            filter=search.filter,
            sort=DEVICES.sort("[Id] DESC"),
            position=None,
            size=1,
            scope=search.scope,
        )
        if not last.ids:
            return 0
        total = await self._listing.count(self._store, network_id, filter=search.filter, scope=search.scope)
        job = NewJob(self.name, search.filter.echo, {"filter": text, "last": last.ids[0]}, session, total)
        id_ = await self._store.write(lambda tx: insert_job(tx, network_id, job, now))
        return (await self._jobs.finish(network_id, id_)).done

    async def next_step(self, run: Run) -> Step:
        """Deletes the next devices that match and that the caller of the job may delete."""
        search = await self._search(run.caller, run.input["filter"])
        found = await self._candidates(run.network_id, search, run.position or 0, run.size)
        candidates = [id_ for id_ in found if id_ <= run.input["last"]]
        is_last = len(candidates) < run.size

        async def step(tx: Transaction) -> Progress:
            deleted = 0
            if candidates:
                deleted = await self._remove_matching(tx, run.network_id, search, candidates, run.now)
            if is_last:
                self._retention.wake.set()
            return Progress(candidates[-1] if candidates else run.position, deleted, is_last)

        return step

    async def _remove_matching(
        self, tx: Transaction, network_id: int, search: _Search, candidates: list[int], now: int
    ) -> int:
        """Locks the candidates and deletes those that still match; returns how many."""
        these: dict[str, Any] = {"network_id": network_id, "ids": candidates}
        if not tx.alone:
            await tx.all(queries.LOCK_DEVICES, **these)
        ids = [row.id for row in await tx.all(search.still_matching, **these, **search.scope.parameters)]
        if ids:
            await self.remove(tx, network_id, ids, now)
        return len(ids)

    async def remove(self, tx: Transaction, network_id: int, ids: list[int], now: int) -> None:
        """Deletes these devices of a network; their subscriptions return to stock.

        A transaction cannot delete files: it records their names, and the next sweep of `Retention` deletes them.
        """
        these: dict[str, Any] = {"network_id": network_id, "ids": ids}
        if len(ids) <= AUDITED_IN_FULL:
            rows = await tx.all(queries.SETTINGS_AMONG, **these)
            entries = [
                AuditEntry("Delete", "Device", row.id, row.serial, f'{{"settings":{row.settings}}}') for row in rows
            ]
        else:
            rows = await tx.all(queries.SERIALS_AMONG, **these)
            entries = [AuditEntry("Delete", "Device", row.id, row.serial) for row in rows]
        await record_all(tx, network_id, entries, now)
        events = [recording.Event(kinds.DeviceRemoved(), row.id, row.serial) for row in rows]
        await recording.record(tx, network_id, *events, now=now)
        screenshots = await tx.one(queries.LOCK_SCREENSHOTS, **these)
        for query in queries.DELETIONS:
            await tx.execute(query, **these, now=now)
        # Counters are locked in one order everywhere, screenshot bytes first, to avoid deadlocks.
        if screenshots is not None and screenshots.bytes:
            await counters.add(tx, network_id, counters.PICTURE_BYTES, -screenshots.bytes)
        await counters.add(tx, network_id, "Device", -len(ids))
        await self._subscriptions.on_delete(tx, network_id, ids, now)
        await grants.delete_of_entities(tx, network_id, "Device", ids, now)
