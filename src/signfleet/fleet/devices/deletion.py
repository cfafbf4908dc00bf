"""Removes devices and everything that hangs on them."""

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

#: So many devices that go at once are kept whole in the audit trail; of more it tells which they were.
KEPT_WHOLE = 100
#: Documents of more than so many devices that go at once are left to the next sweep of `Retention`: they are most of
#: the work, and on SQLite all other writers wait meanwhile. Nothing finds them without their device.
AT_ONCE = 1000


class DeviceDeletion:
    """DELETE of one device, and of all that a filter matches."""

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

    async def delete(self, session: Session, segment: str, precondition: Precondition, now: int) -> None:
        """Deletes one device. Raises `NotFound`, `Forbidden` or `Stale`.

        What is denied to anybody there ends with it, and would not come back with the serial: the caller has to be
        allowed all of that.
        """
        found = await self._devices.find(session, segment, DELETE_DEVICE)
        network_id = session.network

        async def work(tx: Transaction) -> None:
            await self._devices.hold(tx, session, found, DELETE_DEVICE, precondition)
            await (await Grantor.of(session, tx)).require_to_lift(DEVICE, [found.id])
            await self.remove(tx, network_id, [found.id], now)

        await self._store.write(work)
        self._retention.wake.set()

    async def delete_matching(self, session: Session, filter_: str | None, now: int) -> int:
        """Deletes what the filter matches, as far as the caller may delete it one by one; returns how many went.

        What matches is looked for before the transaction, in which nobody else can write; there it is locked and
        matched once more. All go in one transaction. Raises `Invalid` without a filter: nobody deletes a whole network
        by leaving it out.
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
                await tx.all(queries.HELD_AMONG, **these)
            ids = [row.id for row in await tx.all(still_matching, **these, **scope.parameters)]
            if ids:
                await self.remove(tx, network_id, ids, now)
            return len(ids)

        deleted = await self._store.write(work)
        self._retention.wake.set()
        return deleted

    async def remove(self, tx: Transaction, network_id: int, ids: list[int], now: int) -> None:
        """Remove these devices of a network; their subscriptions become free.

        Files cannot go in a unit of work: their names are written down, and the next sweep of `Retention` deletes them.
        """
        these: dict[str, Any] = {"network_id": network_id, "ids": ids}
        if len(ids) <= KEPT_WHOLE:
            rows = await tx.all(queries.SETTINGS_AMONG, **these)
            gone = [
                AuditEntry("Delete", "Device", row.id, row.serial, f'{{"settings":{row.settings}}}') for row in rows
            ]
        else:
            rows = await tx.all(queries.SERIALS_AMONG, **these)
            gone = [AuditEntry("Delete", "Device", row.id, row.serial) for row in rows]
        await record_all(tx, network_id, gone, now)
        pictures = await tx.one(queries.HOLD_PICTURES, **these)
        documents = queries.DOCUMENT_DELETIONS if len(ids) <= AT_ONCE else ()
        for query in (*documents, *queries.DELETIONS):
            await tx.execute(query, **these, now=now)
        # In this order: two who change the same numbers the other way round would wait for each other.
        if pictures is not None and pictures.bytes:
            await counters.add(tx, network_id, counters.PICTURE_BYTES, -pictures.bytes)
        await counters.add(tx, network_id, "Device", -len(ids))
        await self._subscriptions.on_delete(tx, network_id, ids, now)
        await grants.delete_of_entities(tx, network_id, "Device", ids, now)
