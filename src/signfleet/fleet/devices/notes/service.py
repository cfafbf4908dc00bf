"""Reads and writes notes."""

from __future__ import annotations

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.notes import store as queries
from signfleet.fleet.devices.notes.schemas import Note, NoteChange
from signfleet.fleet.devices.notes.store import NoteRow
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.conditional import NONE, Precondition, version_of
from signfleet.web.contract.paging import ListQuery, Page


class Notes:
    """Reads and writes the notes of a network's devices, one for each device."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices
        self._all = Collection(store, DEVICES, within=queries.NOTED)

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of notes; filter and sort name properties of devices. Raises `Invalid`."""
        found = await self._all.find(session.network, query, await self._devices.scope(session))
        known = {row.id: row for row in await self._among(self._store, session.network, found.ids)}
        return found.page([encode(_note(known[id_])) for id_ in found.ids if id_ in known])

    async def get(self, session: Session, ref: str) -> Note:
        """Returns the note of a device. Raises `NotFound`."""
        found = await self._devices.find(session, ref)
        rows = await self._among(self._store, session.network, [found.id])
        return _note(rows[0]) if rows else Note(device=DeviceReference(found.id, found.serial))

    async def put(
        self, session: Session, ref: str, change: NoteChange, now: int, precondition: Precondition = NONE
    ) -> None:
        """Replaces the note of a device; an empty text deletes it.

        Raises `NotFound`, `Forbidden`, `Stale`, `Invalid`.
        """
        found = await self._devices.find(session, ref, UPDATE_DEVICE)
        if change.device is not None:
            names = ("device.id", "device.serial")
            await self._devices.check_same(session, found, change.device.id, change.device.serial, names=names)
        text = change.note or ""

        async def work(tx: Transaction) -> None:
            row = await self._devices.lock(tx, session, found, UPDATE_DEVICE)
            [before] = await self._among(tx, row.network_id, [row.id])
            precondition.check_version(version_of_note(before.note))
            if text.strip():
                author = session.login or ""
                await tx.execute(
                    queries.WRITE_NOTE,
                    network_id=row.network_id,
                    device_id=row.id,
                    note=text,
                    author=author,
                    last_modified_date=now,
                )
            else:
                await tx.execute(queries.DELETE_NOTE, network_id=row.network_id, device_id=row.id)
            states = {"note": before.note or ""}, {"note": text.strip() and text}
            await record(tx, row.network_id, AuditEntry("Update", "Device", row.id, row.serial, *states), now)

        await self._store.write(work)

    async def _among(self, tx: Store | Transaction, network_id: int, ids: list[int]) -> list[NoteRow]:
        return await tx.all(queries.NOTES_AMONG, network_id=network_id, ids=ids)


def version_of_note(text: str | None) -> str:
    """Returns the version of a note; without a text, a device has an empty one."""
    return version_of(text or "")


def _note(row: NoteRow) -> Note:
    note = Note(device=DeviceReference(id=row.id, serial=row.serial))
    if row.last_modified_date is not None:
        note.note, note.author = row.note or "", row.author
        note.last_modified_date = datetime.format(row.last_modified_date)
    return note
