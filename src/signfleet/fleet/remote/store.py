"""The SQL of Remote DWS."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_status


class ReportRow(Protocol):
    serial: str
    model: str
    family: str
    status_date: int | None
    #: JSON
    status: str | None


#: The last report of a device.
REPORT = Query(
    select(device.c.serial, device.c.model, device.c.family, device_status.c.status_date, device_status.c.status)
    .join(
        device_status,
        and_(device_status.c.network_id == device.c.network_id, device_status.c.device_id == device.c.id),
    )
    .where(device.c.network_id == bindparam("network_id"), device.c.id == bindparam("device_id")),
    ReportRow,
)
