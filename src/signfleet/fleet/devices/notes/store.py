"""The SQL of notes."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.fleet.devices.store import NETWORK_ID
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device, device_note


class NoteRow(Protocol):
    """A device with its note; all three are null if it has none."""

    id: int
    serial: str
    note: str | None
    author: str | None
    last_modified_date: int | None


#: The scope of the devices that have a note.
NOTED = Scope(
    "noted",
    (
        select(device_note.c.device_id)
        .where(device_note.c.network_id == device.c.network_id, device_note.c.device_id == device.c.id)
        .exists(),
    ),
)

#: Devices with their notes; those without one have null.
_OF_DEVICE = and_(device_note.c.network_id == device.c.network_id, device_note.c.device_id == device.c.id)
NOTES_AMONG = Query(
    select(device.c.id, device.c.serial, device_note.c.note, device_note.c.author, device_note.c.last_modified_date)
    .select_from(device)
    .outerjoin(device_note, _OF_DEVICE)
    .where(device.c.network_id == NETWORK_ID, among(device.c.id, "ids")),
    NoteRow,
)

_new = insert(device_note)
WRITE_NOTE = Query(
    _new.on_conflict_do_update(
        index_elements=[device_note.c.network_id, device_note.c.device_id],
        set_={name: _new.excluded[name] for name in ("note", "author", "last_modified_date")},
    )
)
DELETE_NOTE = Query(
    device_note.delete().where(
        device_note.c.network_id == NETWORK_ID, device_note.c.device_id == bindparam("device_id")
    )
)
