"""The SQL of what silent devices have in common."""

from __future__ import annotations

from typing import Final, Literal, Protocol

from sqlalchemy import ColumnElement, Integer, bindparam, cast, func, or_, select

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.store import NETWORK_ID, STATUS_OF_DEVICE
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import Key, device, device_status

#: What devices may share.
Shared = Literal["place", "address", "group", "model", "firmware"]


def _reported(path: str) -> ColumnElement[str]:
    return DEVICES.columns.column(DEVICES.properties[path])


_KEYS: Final[dict[Shared, ColumnElement[str]]] = {
    "place": device.c.location_key,
    "address": _reported("status.network.externalip"),
    "group": cast(device.c.group_id, Key),
    "model": device.c.model_key,
    "firmware": _reported("status.firmware.version"),
}


class SharedRow(Protocol):
    """A value that silent devices share: how many do; dates in ms."""

    key: str
    silent: int
    first: int
    last: int


class ReasonRow(Protocol):
    """How many devices have a health for a reason; dates in ms."""

    health: str
    reason: str | None
    devices: int
    first: int
    last: int


def shared(by: Shared, scope: Scope) -> Query[SharedRow]:
    """Returns the query of the values that most silent devices of the scope share."""
    source = device.join(device_status, STATUS_OF_DEVICE) if by in ("address", "firmware") else device
    silent = (
        select(_KEYS[by].label("key"), device.c.health_since)
        .select_from(source)
        .where(
            device.c.network_id == NETWORK_ID,
            device.c.health == "Error",
            device.c.health_reason == "silent",
            *scope.conditions,
        )
        .subquery()
    )
    number = func.count()
    return Query(
        select(
            silent.c.key,
            number.label("silent"),
            func.min(silent.c.health_since).label("first"),
            func.max(silent.c.health_since).label("last"),
        )
        .where(silent.c.key.is_not(None))
        .group_by(silent.c.key)
        .having(number > 1)
        .order_by(number.desc(), silent.c.key)
        .limit(bindparam("count", type_=Integer())),
        SharedRow,
    )


def reasons(scope: Scope) -> Query[ReasonRow]:
    """Returns the query of why how many devices of the scope are not well."""
    return Query(
        select(
            device.c.health,
            device.c.health_reason.label("reason"),
            func.count().label("devices"),
            func.min(device.c.health_since).label("first"),
            func.max(device.c.health_since).label("last"),
        )
        .where(
            device.c.network_id == NETWORK_ID,
            or_(device.c.health == "Error", device.c.health == "Warning"),
            *scope.conditions,
        )
        .group_by(device.c.health, device.c.health_reason)
        .order_by(device.c.health, func.count().desc()),
        ReasonRow,
    )
