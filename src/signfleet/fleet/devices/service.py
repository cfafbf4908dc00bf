"""Finds, reads, lists, counts and locks the devices of a network."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.counts.matching_store import maintained_count
from signfleet.fleet.devices.document import with_permissions
from signfleet.fleet.devices.store import FoundDevice, LockedDevice, PlayerRow
from signfleet.foundation.errors import NotFound, of_another
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.ids import Reference
from signfleet.foundation.wire.text import fold
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.visible_permissions import VisiblePermissions
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.conditional import NONE, Precondition
from signfleet.web.contract.paging import ListQuery, Page

R = TypeVar("R", FoundDevice, PlayerRow)


class DeviceView(NamedTuple):
    """A device as one caller sees it; `is_partial` if the document leaves out permissions."""

    row: PlayerRow
    document: bytes
    is_partial: bool


class Devices:
    """Reads and locks devices. A device that the caller may not see does not exist for the caller."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions
        self._visible_permissions = VisiblePermissions(store, permissions)
        self._all = Collection(store, DEVICES, counter=self._total, maintained=maintained_count)

    async def get(self, session: Session, ref: str) -> DeviceView:
        """Returns a device by id or serial, as the caller sees it.

        A partial view leaves out permissions of users whom the caller may not see, so it changes with the caller's
        rights too. Raises `NotFound`.
        """
        row = await self._visible(session, ref, queries.PLAYER_BY_ID, queries.PLAYER_BY_SERIAL)
        is_partial = bool(await self._visible_permissions.devices_with_hidden(session, [row.id]))
        if not is_partial:
            return DeviceView(row, row.document, is_partial)
        partial = await self._documents(session, [row.id], [row.id])
        if not partial:
            raise NotFound.in_network("device", ref)
        return DeviceView(row, partial[0], is_partial)

    async def find(
        self, session: Session, ref: str, operation: Operation = VIEW_DEVICE, tx: Transaction | None = None
    ) -> FoundDevice:
        """Returns `id` and `serial` of the device that an id or serial means, if the caller may do `operation` on it.

        Raises `NotFound` if the caller may not even see it, otherwise `Forbidden`.
        """
        row = await self._visible(session, ref, queries.DEVICE_BY_ID, queries.DEVICE_BY_SERIAL, tx)
        if operation is not VIEW_DEVICE:
            await self._permissions.require_on(session, operation, row.id, tx)
        return row

    async def check_same(
        self,
        session: Session,
        device: FoundDevice,
        id_: object,
        serial: object = None,
        *,
        names: tuple[str, str] = ("id", "serial"),
    ) -> None:
        """Raises `Invalid` if `id_` or `serial` of a body, called `names` there, belongs to another device.

        Values that belong to no device are ignored: clients also send what other servers gave them.
        """
        by_id = str(id_) if type(id_) is int and id_ > 0 else ""
        for name, column, given in ((names[0], "id", by_id), (names[1], "serial", serial)):
            own = str(getattr(device, column))
            if not isinstance(given, str) or not given or fold(given) == fold(own):
                continue
            with suppress(NotFound):
                other = await self.find(session, given)
                if fold(str(getattr(other, column))) == fold(given):
                    raise of_another(name, "device", given, own)

    async def _documents(self, session: Session, ids: Sequence[int], hidden: Sequence[int]) -> list[bytes]:
        """Returns devices as JSON, the `hidden` ones without permissions of users whom the caller may not see."""
        rows = await self._store.all(queries.WITH_PERMISSIONS, network_id=session.network_id, ids=list(ids))
        found = {row.id: row for row in rows}
        documents = {id_: bytes(row.document) for id_, row in found.items()}
        shown = await self._visible_permissions.of_devices(session, [id_ for id_ in hidden if id_ in found])
        for id_, permissions in shown.items():
            documents[id_] = with_permissions(documents[id_], found[id_].permissions, permissions)
        return [documents[id_] for id_ in ids if id_ in documents]

    async def part(self, session: Session, ref: str, name: str) -> str:
        """Returns a part (a name in `store.PART`) of the document of a device, as JSON. Raises `NotFound`."""
        found = await self.find(session, ref)
        if name == "permissions" and await self._visible_permissions.devices_with_hidden(session, [found.id]):
            return (await self._visible_permissions.of_devices(session, [found.id]))[found.id]
        row = await self._store.one(queries.PART[name], network_id=session.network_id, device_id=found.id)
        if row is None:
            raise NotFound.in_network("device", ref)
        return str(row.part)

    async def lock(
        self,
        tx: Transaction,
        session: Session,
        found: FoundDevice,
        operation: Operation,
        precondition: Precondition = NONE,
    ) -> LockedDevice:
        """Locks the device that `find` returned until the transaction ends; returns its row of `store.LOCK_DEVICE`.

        Raises `NotFound` or `Forbidden` if that has changed since `find`, and `Stale` if the precondition fails.
        """
        row = await tx.one(queries.LOCK_DEVICE, network_id=session.network_id, device_id=found.id)
        if row is None:
            raise NotFound.in_network("device", found.serial)
        await self._permissions.require_on(session, operation, row.id, tx)
        precondition.check(row.last_modified_date, row.version)
        return row

    async def _visible(
        self, session: Session, ref: str, by_id: Query[R], by_serial: Query[R], tx: Transaction | None = None
    ) -> R:
        """Resolves an id or serial to a device that the caller may see. Raises `NotFound`."""
        store, (id_, serial_key) = tx or self._store, Reference.parse(ref)
        if id_ is not None:
            row = await store.one(by_id, network_id=session.network_id, id=id_)
        else:
            row = await store.one(by_serial, network_id=session.network_id, serial_key=serial_key)
        if not self._permissions.allows_all(session, VIEW_DEVICE):
            row = await self._permissions.visible(session, VIEW_DEVICE, row, tx)
        if row is None:
            raise NotFound.in_network("device", ref)
        return row

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page: finds the ids first, by an index if there is one, then reads only their documents."""
        found = await self._all.find(session.network, query, await self.scope(session))
        if not found.rows:
            return found.page([])
        hidden = await self._visible_permissions.devices_with_hidden(session, found.ids)
        if hidden:
            return found.page(await self._documents(session, found.ids, hidden))
        row = await self._store.one(queries.DOCUMENTS, network_id=session.network, ids=found.ids)
        return found.page([row.documents] if row and row.documents else [])

    async def count(self, session: Session, filter_: str | None) -> int:
        """Counts the devices that match."""
        return await self._all.count(session.network, filter_, await self.scope(session))

    async def scope(self, session: Session) -> Scope:
        """Returns the scope of the devices that the caller may see."""
        return await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)

    async def _total(self, network_id: int) -> int:
        row = await self._store.one(counters.TOTAL, network_id=network_id, entity="Device")
        return row.total if row else 0
