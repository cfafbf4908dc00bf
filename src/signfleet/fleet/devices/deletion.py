"""Deletes devices and everything that belongs to them."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.deletion_store import DELETIONS
from signfleet.fleet.devices.retention.service import Retention
from signfleet.fleet.devices.selection import DeviceSelection, Found
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
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
        self._selection = DeviceSelection(store)
        jobs.register(self)

    async def delete(self, session: Session, ref: str, precondition: Precondition, now: int) -> None:
        """Deletes one device. Raises `NotFound`, `Forbidden` or `Stale`.

        The device's permissions are deleted with it, and do not come back if the serial registers again. So the caller
        needs every operation that one of them denies to someone.
        """
        found = await self._devices.find(session, ref, DELETE_DEVICE)

        async def work(tx: Transaction) -> None:
            await self._devices.lock(tx, session, found, DELETE_DEVICE, precondition)
            await self.delete_in(tx, session, found, now)

        await self._store.write(work)
        self._retention.wake.set()

    async def delete_in(self, tx: Transaction, session: Session, found: FoundDevice, now: int) -> None:
        """Deletes a device that the caller has locked, as part of a transaction. Raises `Forbidden` like `delete`."""
        await (await Grantor.of(session, tx)).require_to_lift(DEVICE, [found.id])
        await self.remove(tx, session.network, [found.id], now)

    async def delete_matching(self, session: Session, filter_: str | None, now: int) -> int:
        """Deletes those devices that match and that the caller may delete one by one; returns how many.

        Up to `STEP_ROWS` devices are deleted in one transaction, more by a job in steps, which this method awaits. The
        search runs before the transaction, because SQLite has one writer; the transaction locks what was found and
        matches it again. Raises `Invalid` without a filter, so that leaving it out cannot delete a whole network.
        """
        network_id = session.network
        if filter_ is None or not filter_.strip():
            raise Invalid("Query parameter 'filter' is required: it says which devices to delete.")
        found = await self._selection.find(network_id, filter_, await self._scope(session))
        candidates = await self._selection.ids(network_id, found, STEP_ROWS + 1)
        if not candidates:
            return 0
        if len(candidates) > STEP_ROWS:
            return await self._delete_in_steps(session, found, now)

        async def work(tx: Transaction) -> int:
            return await self._remove_matching(tx, network_id, found, candidates, now)

        deleted = await self._store.write(work)
        self._retention.wake.set()
        return deleted

    async def _scope(self, session: Session) -> Scope:
        """Returns the scope of the devices that a caller may delete one by one."""
        deletable = await self._permissions.scope(session, DELETE_DEVICE, queries.DEVICE_ID)
        liftable = await self._permissions.liftable(session, DEVICE, queries.DEVICE_ID)
        return await self._devices.scope(session) & deletable & liftable

    async def _delete_in_steps(self, session: Session, found: Found, now: int) -> int:
        network_id = session.network
        last = await self._selection.last(network_id, found)
        total = await self._selection.count(network_id, found)
        job = NewJob(self.name, found.filter.echo, {"filter": found.text, "last": last}, session, total)
        id_ = await self._store.write(lambda tx: insert_job(tx, network_id, job, now))
        return (await self._jobs.finish(network_id, id_)).done

    async def next_step(self, run: Run) -> Step:
        """Deletes the next devices that match and that the caller of the job may delete."""
        found = await self._selection.find(run.network_id, run.input["filter"], await self._scope(run.caller))
        candidates = await self._selection.ids(
            run.network_id, found, run.size, after=run.position or 0, last=run.input["last"]
        )
        is_last = len(candidates) < run.size

        async def step(tx: Transaction) -> Progress:
            deleted = await self._remove_matching(tx, run.network_id, found, candidates, run.now)
            if is_last:
                self._retention.wake.set()
            return Progress(candidates[-1] if candidates else None, deleted, is_last)

        return step

    async def _remove_matching(
        self, tx: Transaction, network_id: int, found: Found, candidates: list[int], now: int
    ) -> int:
        """Locks the candidates and deletes those that still match; returns how many."""
        if not tx.alone:
            await tx.all(queries.LOCK_DEVICES, network_id=network_id, ids=candidates)
        ids = await found.still_matching(tx, network_id, candidates)
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
        for query in DELETIONS:
            await tx.execute(query, **these, now=now)
        # Counters are locked in one order everywhere, screenshot bytes first, to avoid deadlocks.
        if screenshots is not None and screenshots.bytes:
            await counters.add(tx, network_id, counters.PICTURE_BYTES, -screenshots.bytes)
        await counters.add(tx, network_id, "Device", -len(ids))
        await self._subscriptions.on_delete(tx, network_id, ids, now)
        await grants.delete_of_entities(tx, network_id, "Device", ids, now)
