"""The SQL of imported files."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Integer, and_, bindparam, select, tuple_

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device, import_chunk

#: How many chunks one transaction deletes.
BATCH = 20


class ChunkRow(Protocol):
    last_line: int
    #: JSON
    rows: str


class NamedDeviceRow(Protocol):
    id: int
    serial_key: str


_FILE = and_(
    import_chunk.c.network_id == bindparam("network_id"),
    import_chunk.c.upload == bindparam("upload"),
)
INSERT = Query(import_chunk.insert())
DELETE = Query(import_chunk.delete().where(_FILE, import_chunk.c.last_line == bindparam("line")))
#: The chunk of the first line after another one.
NEXT = Query(
    select(import_chunk.c.last_line, import_chunk.c.rows)
    .where(_FILE, import_chunk.c.last_line > bindparam("after"))
    .order_by(import_chunk.c.last_line)
    .limit(1),
    ChunkRow,
)
_KEYS = list(import_chunk.primary_key.columns)
DELETE_OLD = Query(
    import_chunk.delete().where(
        tuple_(*_KEYS).in_(
            select(*_KEYS)
            .where(import_chunk.c.creation_date < bindparam("before"))
            .limit(bindparam("limit", type_=Integer()))
        )
    )
)
IDS_OF_SERIALS = Query(
    select(device.c.id, device.c.serial_key).where(
        device.c.network_id == bindparam("network_id"), among(device.c.serial_key, "keys")
    ),
    NamedDeviceRow,
)
