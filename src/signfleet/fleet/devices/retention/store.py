"""The SQL of retention."""

from __future__ import annotations

from sqlalchemy import BigInteger, Delete, Integer, Table, bindparam, select, tuple_
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query, among, with_id
from signfleet.foundation.storage.tables import (
    device_download,
    device_error,
    screenshot,
    unneeded_file,
)

#: How many errors or downloads one transaction deletes, so that other writers need not wait for all of them.
BATCH = 5000


def _delete_old(table: Table) -> Delete:
    key = tuple_(*table.primary_key.columns)
    old = select(*table.primary_key.columns).where(table.c.timestamp < bindparam("before")).limit(BATCH)
    return table.delete().where(key.in_(old))


DELETE_OLD_ERRORS = Query(_delete_old(device_error))
DELETE_OLD_DOWNLOADS = Query(_delete_old(device_download))

_newer = screenshot.alias("newer")
#: The newest screenshot of a device, by arrival, stays however old it is.
_NOT_THE_NEWEST = (
    select(_newer.c.id)
    .where(
        _newer.c.network_id == screenshot.c.network_id,
        _newer.c.device_id == screenshot.c.device_id,
        _newer.c.id > screenshot.c.id,
    )
    .exists()
)
_PLACE = tuple_(screenshot.c.arrival_date, screenshot.c.network_id, screenshot.c.id)
#: Screenshots that arrived before a date, the oldest first, after a keyset position.
OLD_SCREENSHOTS = Query(
    select(screenshot.c.arrival_date, screenshot.c.network_id, screenshot.c.id, _NOT_THE_NEWEST.label("is_surplus"))
    .where(
        screenshot.c.arrival_date < bindparam("before"),
        tuple_(*(bindparam(f"after_{part}", type_=BigInteger()) for part in ("date", "network", "id"))) < _PLACE,
    )
    .order_by(*_PLACE.clauses)
    .limit(bindparam("limit", type_=Integer()))
)
#: Locks screenshots of a network until the transaction ends; skips those that another process has locked to delete.
SCREENSHOTS_TO_DELETE = Query(
    select(screenshot.c.id, screenshot.c.blob, screenshot.c.thumbnail, screenshot.c.file_size)
    .where(screenshot.c.network_id == bindparam("network_id"), among(screenshot.c.id, "ids"), _NOT_THE_NEWEST)
    .with_for_update(skip_locked=True, of=screenshot)
)
DELETE_SCREENSHOT = Query(screenshot.delete().where(with_id(screenshot.c.id)))

#: Another process may have recorded the same name.
INSERT_UNNEEDED = Query(insert(unneeded_file).on_conflict_do_nothing())
UNNEEDED = Query(
    select(unneeded_file.c.name)
    .where(unneeded_file.c.due_date <= bindparam("now"))
    .order_by(unneeded_file.c.due_date)
    .limit(bindparam("limit", type_=Integer()))
)
DELETE_UNNEEDED = Query(unneeded_file.delete().where(among(unneeded_file.c.name, "names")))
