"""The SQL of letting go."""

from __future__ import annotations

from sqlalchemy import Delete, Integer, Table, and_, bindparam, select, tuple_
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.storage.query import Query, among
from signfleet.storage.tables import (
    device,
    device_document,
    device_download,
    device_error,
    device_properties,
    screenshot,
    unneeded_file,
)

#: How many errors or downloads go in one unit of work: what others want to write does not wait for all of them.
BATCH = 5000


def _delete_old(table: Table) -> Delete:
    key = tuple_(*table.primary_key.columns)
    old = select(*table.primary_key.columns).where(table.c.timestamp < bindparam("before")).limit(BATCH)
    return table.delete().where(key.in_(old))


DELETE_OLD_ERRORS = Query(_delete_old(device_error))
DELETE_OLD_DOWNLOADS = Query(_delete_old(device_download))

#: Pictures that are too old, the oldest first; what another process has locked it lets go itself.
OLD_SCREENSHOTS = Query(
    select(screenshot.c.network_id, screenshot.c.id, screenshot.c.blob, screenshot.c.thumbnail)
    .where(screenshot.c.utc_timestamp < bindparam("before"))
    .order_by(screenshot.c.utc_timestamp)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(skip_locked=True)
)
DELETE_SCREENSHOT = Query(
    screenshot.delete().where(screenshot.c.network_id == bindparam("in_network"), screenshot.c.id == bindparam("gone"))
)

#: Somebody else may just have noted the same.
INSERT_UNNEEDED = Query(insert(unneeded_file).on_conflict_do_nothing())
UNNEEDED = Query(
    select(unneeded_file.c.name)
    .where(unneeded_file.c.due_date <= bindparam("now"))
    .order_by(unneeded_file.c.due_date)
    .limit(bindparam("limit", type_=Integer()))
)
DELETE_UNNEEDED = Query(unneeded_file.delete().where(among(unneeded_file.c.name, "names")))


def _abandoned(table: Table) -> tuple[Query, Query]:
    same = and_(device.c.network_id == table.c.network_id, device.c.id == table.c.device_id)
    abandoned = select(table.c.network_id, table.c.device_id).where(~select(device.c.id).where(same).exists())
    key = (table.c.network_id == bindparam("in_network"), table.c.device_id == bindparam("of_device"))
    return Query(abandoned.limit(bindparam("limit", type_=Integer()))), Query(table.delete().where(*key))


#: How parts of devices that are gone are found, and deleted.
ABANDONED = (_abandoned(device_document), _abandoned(device_properties))
