"""The SQL of what operators read of health."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, case, select

from signfleet.fleet.devices.agent.store import AGENT_OF_DEVICE
from signfleet.fleet.devices.store import DOCUMENT_OF_DEVICE, NETWORK_ID, STATUS_OF_DEVICE
from signfleet.fleet.health.rules import ReasonCode
from signfleet.fleet.health.store import HEALTH, StoredHealth
from signfleet.foundation.blobs.looks import Look
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query, among, json_member
from signfleet.foundation.storage.tables import (
    device,
    device_agent,
    device_document,
    device_group,
    device_status,
    health_period,
    screenshot,
)
from signfleet.foundation.wire.types import Health

#: The column that permissions for the pictures of single devices refer to.
DEVICE_ID = device.c.id


class HealthRow(StoredHealth, Protocol):
    name: str
    model: str
    group_id: int
    group_name: str
    #: ms
    status_date: int | None
    #: ms
    picture_date: int | None
    thumbnail: str | None
    blob: str | None
    look: Look | None
    #: JSON; null if the player has never said what it has applied
    settings: str | None
    applied_etag: str | None
    #: JSON
    failed: str | None


def healths(scope: Scope) -> Query[HealthRow]:
    """Returns the query of the health of some devices, with the last picture of those that the scope admits."""
    last = (
        select(screenshot.c.id)
        .where(screenshot.c.network_id == device.c.network_id, screenshot.c.device_id == device.c.id)
        .order_by(screenshot.c.utc_timestamp.desc(), screenshot.c.id.desc())
        .limit(1)
        .correlate(device)
        .scalar_subquery()
    )
    source = (
        device.join(device_document, DOCUMENT_OF_DEVICE)
        .join(device_status, STATUS_OF_DEVICE)
        .join(
            device_group, and_(device_group.c.network_id == device.c.network_id, device_group.c.id == device.c.group_id)
        )
        .outerjoin(device_agent, AGENT_OF_DEVICE)
        .outerjoin(
            screenshot,
            and_(screenshot.c.network_id == device.c.network_id, screenshot.c.id == last, *scope.conditions),
        )
    )
    return Query(
        select(
            *HEALTH,
            json_member(device_document.c.settings, "name").label("name"),
            device.c.model,
            device.c.group_id,
            device_group.c.name.label("group_name"),
            device_status.c.status_date,
            screenshot.c.utc_timestamp.label("picture_date"),
            screenshot.c.thumbnail,
            screenshot.c.blob,
            screenshot.c.look,
            case((device_agent.c.applied_etag.is_not(None), device_document.c.settings)).label("settings"),
            device_agent.c.applied_etag,
            device_agent.c.failed,
        )
        .select_from(source)
        .where(device.c.network_id == NETWORK_ID, among(device.c.id, "ids")),
        HealthRow,
    )


class PeriodRow(Protocol):
    """A period that has ended; the totals are those of the device up to its end."""

    #: ms
    since_date: int
    #: ms
    until_date: int
    health: Health
    reason: ReasonCode | None
    reason_date: int | None
    reason_subject: str | None
    reason_number: float | None
    normal: int
    warning: int
    error: int


PERIOD_COLUMNS = (
    health_period.c.since_date,
    health_period.c.until_date,
    health_period.c.health,
    health_period.c.reason,
    health_period.c.reason_date,
    health_period.c.reason_subject,
    health_period.c.reason_number,
    health_period.c.normal,
    health_period.c.warning,
    health_period.c.error,
)


def periods_of(device_id: int) -> Scope:
    """Returns the scope of the periods of one device."""
    return Scope("of a device", (health_period.c.device_id == bindparam("of_device"),), {"of_device": device_id})


#: The period of a device in which a moment falls, or the first one after it; none if that is the present one.
PERIOD_AT = Query(
    select(*PERIOD_COLUMNS)
    .where(
        health_period.c.network_id == NETWORK_ID,
        health_period.c.device_id == bindparam("device_id"),
        health_period.c.until_date > bindparam("moment"),
    )
    .order_by(health_period.c.until_date)
    .limit(1),
    PeriodRow,
)
