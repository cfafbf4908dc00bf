"""Reads and writes notes."""

from __future__ import annotations

from signfleet.access.operations.catalogue import UPDATE_DEVICE
from signfleet.access.sessions import Session
from signfleet.audit.recording import Change, record
from signfleet.devices.catalogue import DEVICES
from signfleet.devices.notes import store as queries
from signfleet.devices.notes.schemas import Note
from signfleet.devices.service import Devices
from signfleet.expressions.listing import Listing
from signfleet.http.paging import ListQuery, Page
from signfleet.storage.interface import Row, Store, Transaction
from signfleet.subscriptions.schemas import DeviceReference
from signfleet.wire import datetime
from signfleet.wire.json import encode


class Notes:
    """The notes of a network's devices, one each."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices
        self._listing = Listing(DEVICES)

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Those of all devices that have one; filter and sort are of devices. Raises `Invalid`."""
        network_id = session.network_id
        assert network_id is not None
        parsed, order = DEVICES.filter(query.filter), DEVICES.sort(query.sort)
        scope = await self._devices.scope(session) & queries.NOTED
        page = await self._listing.page(
            self._store,
            network_id,
            filter=parsed,
            sort=order,
            position=order.position(query.marker),
            size=query.size,
            scope=scope,
        )
        total = await self._listing.count(self._store, network_id, filter=None, scope=scope)
        matching = total
        if parsed is not None:
            matching = await self._listing.count(self._store, network_id, filter=parsed, scope=scope)
        ids = page.ids
        rows = {row.id: row for row in await self._among(self._store, network_id, ids)}
        items = [encode(_note(rows[id_])) for id_ in ids if id_ in rows]
        return Page(items, total, matching, page.next_marker, order.echo, parsed.echo if parsed else None)

    async def get(self, session: Session, segment: str) -> Note:
        """That of one device. Raises `NotFound`."""
        found = await self._devices.find(session, segment)
        assert session.network_id is not None
        rows = await self._among(self._store, session.network_id, [found.id])
        return _note(rows[0]) if rows else Note(device=DeviceReference(found.id, found.serial))

    async def put(self, session: Session, segment: str, text: str, now: int) -> None:
        """Write that of one device; an empty text takes it away. Raises `NotFound`, `Forbidden`."""
        found = await self._devices.find(session, segment, UPDATE_DEVICE)

        async def work(tx: Transaction) -> None:
            row = await self._devices.hold(tx, session, found, UPDATE_DEVICE)
            [before] = await self._among(tx, row.network_id, [row.id])
            if text.strip():
                author = session.login or ""
                await tx.execute(
                    queries.KEEP_NOTE,
                    network_id=row.network_id,
                    device_id=row.id,
                    note=text,
                    author=author,
                    last_modified_date=now,
                )
            else:
                await tx.execute(queries.DELETE_NOTE, network_id=row.network_id, device_id=row.id)
            said = {"note": before.note or ""}, {"note": text.strip() and text}
            await record(tx, row.network_id, Change("Update", "Device", row.id, row.serial, *said), now)

        await self._store.write(work)

    async def _among(self, tx: Store | Transaction, network_id: int, ids: list[int]) -> list[Row]:
        return await tx.all(queries.NOTES_AMONG, network_id=network_id, ids=ids)


def _note(row: Row) -> Note:
    note = Note(device=DeviceReference(id=row.id, serial=row.serial))
    if row.note is not None:
        note.note, note.author = row.note, row.author
        note.last_modified_date = datetime.format(row.last_modified_date)
    return note
