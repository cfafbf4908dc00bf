"""The SQL of reports but for their errors and downloads."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import and_, bindparam, select

from signfleet.fleet.devices.store import DOCUMENT_OF_DEVICE, ITS_STATUS, STATUS_OF_DEVICE
from signfleet.fleet.health.inputs import Inputs
from signfleet.fleet.health.store import HEALTH, INPUTS, StoredHealth
from signfleet.foundation.storage.dates import CHANGED_DATE
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device, device_document, device_status


class ReportingDevice(StoredHealth, Inputs, Protocol):
    report_sequence: int
    #: Commands may wait for it.
    has_commands: int
    #: ms
    changed_date: int


_reporting_device = (
    select(*HEALTH, device_status.c.report_sequence, device.c.has_commands, CHANGED_DATE, *INPUTS)
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .join(device_status, STATUS_OF_DEVICE)
)
_REPORTING = (device, device_document, device_status)
#: Locks a device that reports until the transaction ends. Locks its document and status too: after a wait PostgreSQL
#: re-reads only the rows that it locks.
LOCK_REPORTING_DEVICE = Query(
    _reporting_device.where(
        and_(device.c.network_id == bindparam("network_id"), device.c.id == bindparam("device_id"))
    ).with_for_update(of=_REPORTING),
    ReportingDevice,
)
#: Does so for those of many devices that nobody else has locked.
LOCK_REPORTING_DEVICES = Query(
    _reporting_device.where(among(device.c.id, "ids")).with_for_update(of=_REPORTING, skip_locked=True),
    ReportingDevice,
)
_REPORT: dict[str, Any] = {
    "report_sequence": bindparam("sequence"),
    "status_date": bindparam("now"),
    "changed_date": bindparam("changed"),
    "health_due_date": bindparam("new_health_due_date"),
    "status": bindparam("new_status"),
}
#: Writes a report whose status has no news for filters.
STORE_REPORT = Query(device_status.update().where(ITS_STATUS).values(_REPORT))
#: Writes a report, with the properties that filters read.
STORE_STATUS = Query(
    device_status.update().where(ITS_STATUS).values(_REPORT | {"properties": bindparam("new_properties")})
)
