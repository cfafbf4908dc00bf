"""Deletes devices and everything that belongs to them."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.retention.service import Retention
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.identity.access import grants
from signfleet.identity.access.grantor import Grantor
from signfleet.identity.access.operations.definitions import DELETE_DEVICE, DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record_all
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import Precondition

#: Up to so many devices deleted at once are audited with their settings; of more, only ids and serials.
AUDITED_IN_FULL = 100
#: If more devices are deleted at once, their documents are left to the next sweep of `Retention`: documents are most of
#: the work, and on SQLite all other writers wait for it. No query finds a document without its device.
DOCUMENTS_AT_ONCE = 1000


class DeviceDeletion:
    """Deletes one device, or all devices that a filter matches."""

    def __init__(
        self,
        store: Store,
        devices: Devices,
        permissions: Permissions,
        subscriptions: Subscriptions,
        retention: Retention,
    ) -> None:
        self._store = store
        self._retention = retention
        self._devices = devices
        self._permissions = permissions
        self._subscriptions = subscriptions
        self._listing = Listing(DEVICES)

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

        The search runs before the transaction, because SQLite has one writer; the transaction locks what was found
        and matches it again. All devices are deleted in one transaction. Raises `Invalid` without a filter, so that
        leaving it out cannot delete a whole network.
        """
        network_id = session.network
        visible = await self._devices.scope(session)
        parsed = await self._listing.read_filter(self._store, network_id, filter_, visible)
        if parsed is None:
            raise Invalid("Query parameter 'filter' is required: it says which devices to delete.")
        deletable = await self._permissions.scope(session, DELETE_DEVICE, queries.DEVICE_ID)
        liftable = await self._permissions.liftable(session, DEVICE, queries.DEVICE_ID)

        scope = visible & deletable & liftable
        candidates = await self._listing.ids(self._store, network_id, filter=parsed, scope=scope)
        if not candidates:
            return 0
        still_matching = self._listing.matching_among(parsed, scope)
        await still_matching.prepare(self._store.dialect)

        async def work(tx: Transaction) -> int:
            these: dict[str, Any] = {"network_id": network_id, "ids": candidates}
            if not tx.alone:
                await tx.all(queries.LOCK_DEVICES, **these)
            ids = [row.id for row in await tx.all(still_matching, **these, **scope.parameters)]
            if ids:
                await self.remove(tx, network_id, ids, now)
            return len(ids)

        deleted = await self._store.write(work)
        self._retention.wake.set()
        return deleted

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
        screenshots = await tx.one(queries.LOCK_SCREENSHOTS, **these)
        documents = queries.DOCUMENT_DELETIONS if len(ids) <= DOCUMENTS_AT_ONCE else ()
        for query in (*documents, *queries.DELETIONS):
            await tx.execute(query, **these, now=now)
        # Counters are locked in one order everywhere, screenshot bytes first, to avoid deadlocks.
        if screenshots is not None and screenshots.bytes:
            await counters.add(tx, network_id, counters.PICTURE_BYTES, -screenshots.bytes)
        await counters.add(tx, network_id, "Device", -len(ids))
        await self._subscriptions.on_delete(tx, network_id, ids, now)
        await grants.delete_of_entities(tx, network_id, "Device", ids, now)
