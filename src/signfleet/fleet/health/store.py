"""The SQL of health: what the rules read, the sweep, and what a change writes."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Integer, and_, bindparam, case, func, select, tuple_

from signfleet.fleet.devices.store import DOCUMENT_OF_DEVICE, ITS_STATUS, STATUS_OF_DEVICE, THIS_DEVICE
from signfleet.fleet.health.inputs import Inputs
from signfleet.fleet.health.rules import ReasonCode
from signfleet.foundation.storage.dates import CHANGED_DATE
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_error,
    device_status,
    health_period,
    health_rules,
)
from signfleet.foundation.wire.types import Health

_errors_of_device = and_(device_error.c.network_id == device.c.network_id, device_error.c.device_id == device.c.id)
_limits = select(health_rules.c.limits).where(health_rules.c.network_id == device.c.network_id).scalar_subquery()

#: What the rules read of a device, beside its own columns and its document: the members of `Inputs`.
INPUTS: tuple[Any, ...] = (
    device_document.c.settings,
    device_status.c.status,
    case((_limits.is_not(None), device_document.c.subscription)).label("counted_subscription"),
    select(func.max(device_error.c.timestamp)).where(_errors_of_device).scalar_subquery().label("last_error"),
    select(device_error.c.name)
    .where(_errors_of_device)
    .order_by(device_error.c.timestamp.desc(), device_error.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("last_error_name"),
    _limits.label("limits"),
)
#: The health that a device has: the members of `StoredHealth`.
HEALTH: tuple[Any, ...] = (
    device.c.network_id,
    device.c.id,
    device.c.serial,
    device.c.health,
    device.c.health_since,
    device.c.health_reason,
    device.c.health_reason_date,
    device.c.health_reason_subject,
    device.c.health_reason_number,
)


class StoredHealth(Protocol):
    network_id: int
    id: int
    serial: str
    health: Health
    #: ms
    health_since: int
    health_reason: ReasonCode | None
    #: ms
    health_reason_date: int | None
    health_reason_subject: str | None
    health_reason_number: float | None


ANY_DUE = Query(select(device_status.c.device_id).where(device_status.c.health_due_date <= bindparam("now")).limit(1))


class DueDevice(StoredHealth, Inputs, Protocol):
    #: ms
    status_date: int
    #: ms
    changed_date: int


#: Locks the devices whose health is due, the longest due first, until the transaction ends. Skips those that another
#: process has locked and evaluates.
LOCK_DUE = Query(
    select(*HEALTH, device_status.c.status_date, CHANGED_DATE, *INPUTS)
    .select_from(device)
    .join(device_status, STATUS_OF_DEVICE)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .where(device_status.c.health_due_date <= bindparam("now"))
    .order_by(device_status.c.health_due_date)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(of=[device, device_status], skip_locked=True),
    DueDevice,
)
#: Writes when the health is due again, and the status, which shows the health.
SET_DUE = Query(
    device_status.update()
    .where(ITS_STATUS)
    .values(
        health_due_date=bindparam("new_health_due_date"),
        changed_date=bindparam("changed"),
        status=bindparam("new_status"),
    )
)
SET_HEALTH = Query(
    device.update()
    .where(THIS_DEVICE)
    .values(
        health=bindparam("new_health"),
        health_since=bindparam("new_since"),
        health_reason=bindparam("new_reason"),
        health_reason_date=bindparam("new_reason_date"),
        health_reason_subject=bindparam("new_reason_subject"),
        health_reason_subject_key=bindparam("new_reason_subject_key"),
        health_reason_number=bindparam("new_reason_number"),
    )
)


class LastTotals(Protocol):
    """How long a device was in each health until its present one began, in ms."""

    device_id: int
    normal: int
    warning: int
    error: int


#: The last period before the present one, of those of some devices that have one.
LAST_TOTALS = Query(
    select(health_period.c.device_id, health_period.c.normal, health_period.c.warning, health_period.c.error)
    .select_from(device)
    .join(
        health_period,
        and_(
            health_period.c.network_id == device.c.network_id,
            health_period.c.device_id == device.c.id,
            health_period.c.until_date == device.c.health_since,
        ),
    )
    .where(device.c.network_id == bindparam("network_id"), among(device.c.id, "ids")),
    LastTotals,
)
INSERT_PERIOD = Query(health_period.insert())
#: How many periods one transaction deletes.
BATCH = 5000
_old = (
    select(health_period.c.network_id, health_period.c.id)
    .where(health_period.c.until_date < bindparam("before"))
    .limit(BATCH)
)
DELETE_OLD_PERIODS = Query(
    health_period.delete().where(tuple_(health_period.c.network_id, health_period.c.id).in_(_old))
)
