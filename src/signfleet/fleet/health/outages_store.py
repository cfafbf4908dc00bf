"""The SQL of why devices are not well, and of what those that have fallen silent have in common.

An index has the devices by health, reason and date, so that the cost depends on how many are not well.
"""

from __future__ import annotations

from typing import Any, Final, Literal, Protocol

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

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


#: As the condition of the index has it, for SQLite to see that the index serves.
_NOT_WELL: Final = device.c.health != literal_column("'Normal'")


class SharedRow(Protocol):
    """A value that silent devices share, and how many do; dates in ms."""

    by: Shared
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


def shared(scope: Scope) -> Query[SharedRow]:
    """Returns the query of the values that most devices share, of those in the scope that fell silent last.

    It reads up to `limit` devices, and returns up to `count` values of each kind.
    """
    latest = (
        _seen(select(device.c.health_since, *(key.label(by) for by, key in _KEYS.items())), scope, status=True)
        .where(_NOT_WELL, device.c.health == "Error", device.c.health_reason == "silent")
        .order_by(device.c.health_since.desc())
        .limit(bindparam("limit", type_=Integer()))
        .cte("latest")
    )
    return Query(union_all(*(select(_frequent(by, latest).subquery(by)) for by in _KEYS)), SharedRow)


def _frequent(by: Shared, latest: CTE) -> Select[Any]:
    key, number = latest.c[by], func.count()
    return (
        select(
            literal(by).label("by"),
            key.label("key"),
            number.label("silent"),
            func.min(latest.c.health_since).label("first"),
            func.max(latest.c.health_since).label("last"),
        )
        .where(key.is_not(None))
        .group_by(key)
        .having(number > 1)
        .order_by(number.desc(), key)
        .limit(bindparam("count", type_=Integer()))
    )


def reasons(scope: Scope) -> Query[ReasonRow]:
    """Returns the query of why how many devices of the scope are not well."""
    number = func.count()

    def of(health: str) -> Select[Any]:
        reason, since = device.c.health_reason, device.c.health_since
        columns = (number.label("devices"), func.min(since).label("first"), func.max(since).label("last"))
        statement = select(literal(health).label("health"), reason.label("reason"), *columns)
        return _seen(statement, scope).where(_NOT_WELL, device.c.health == health).group_by(reason)

    return Query(union_all(of("Error"), of("Warning")), ReasonRow)


def _seen(statement: Select[Any], scope: Scope, *, status: bool = False) -> Select[Any]:
    """Returns a statement over the devices of a scope, if asked for with their status."""
    source = device.join(device_status, STATUS_OF_DEVICE) if status else device
    if scope.admitted is None:
        return statement.select_from(source).where(device.c.network_id == NETWORK_ID, *scope.conditions)
    few = source.join(scope.admitted.ids, scope.admitted.ids.c.id == device.c.id)
    return statement.select_from(few).where(device.c.network_id == NETWORK_ID)
