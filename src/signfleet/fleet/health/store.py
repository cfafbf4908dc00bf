"""The SQL of the health sweep."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Integer, bindparam, func, select

from signfleet.fleet.devices.store import DOCUMENT_OF_DEVICE, ITS_DOCUMENT, THIS_DEVICE
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_document, device_error

#: The date of the last error of a device, as a column beside its own.
LAST_ERROR = (
    select(func.max(device_error.c.timestamp))
    .where(device_error.c.network_id == device.c.network_id, device_error.c.device_id == device.c.id)
    .scalar_subquery()
    .label("last_error")
)

ANY_DUE = Query(select(device.c.id).where(device.c.health_due_date <= bindparam("now")).limit(1))


class DueDevice(Protocol):
    network_id: int
    id: int
    health: str
    #: ms
    status_date: int
    #: ms
    changed_date: int
    #: JSON
    settings: str
    #: JSON without the closing brace: `devices.document.reported_status`.
    status: str | None
    #: ms
    last_error: int | None


#: Locks the devices whose health is due, the longest due first, until the transaction ends. Skips those that another
#: process has locked and evaluates.
LOCK_DUE = Query(
    select(
        device.c.network_id,
        device.c.id,
        device.c.health,
        device.c.status_date,
        device.c.changed_date,
        device_document.c.settings,
        device_document.c.status,
        LAST_ERROR,
    )
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .where(device.c.health_due_date <= bindparam("now"))
    .order_by(device.c.health_due_date)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(of=device, skip_locked=True),
    DueDevice,
)
SET_HEALTH = Query(
    device.update()
    .where(THIS_DEVICE)
    .values(
        health=bindparam("new_health"),
        health_due_date=bindparam("new_health_due_date"),
        changed_date=bindparam("changed"),
    )
)
SET_STATUS_END = Query(device_document.update().where(ITS_DOCUMENT).values(status_end=bindparam("new_end")))
