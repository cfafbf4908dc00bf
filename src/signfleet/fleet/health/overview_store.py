"""The SQL of the names in an overview, and of the running totals of groups."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, bindparam, cast, func, or_, select, tuple_

from signfleet.foundation.storage.query import Query, among, each
from signfleet.foundation.storage.tables import device_count, device_group, health_total, heartbeat, location


class GroupName(Protocol):
    id: int
    name: str


GROUPS = Query(
    select(device_group.c.id, device_group.c.name).where(
        device_group.c.network_id == bindparam("network_id"), among(device_group.c.id, "ids")
    ),
    GroupName,
)


class PlaceRow(Protocol):
    location_key: str
    path: str
    #: JSON
    document: str


PLACES = Query(
    select(location.c.location_key, location.c.path, location.c.document)
    .where(location.c.network_id == bindparam("network_id"), among(location.c.location_key, "keys"))
    .order_by(location.c.location_key),
    PlaceRow,
)


class PresentCount(Protocol):
    """How many devices of a network (key empty) or a group (its id as text) have a health."""

    network_id: int
    key: str
    health: str
    total: int


PRESENT_COUNTS = Query(
    select(device_count.c.network_id, device_count.c.key, device_count.c.health, device_count.c.total)
    .where(
        or_(device_count.c.by == "network", device_count.c.by == "group"),
        device_count.c.health != "Unknown",
        device_count.c.total > 0,
    )
    .order_by(device_count.c.network_id, device_count.c.key),
    PresentCount,
)


class GroupTotals(Protocol):
    group_id: int
    #: ms
    date: int
    normal: int
    warning: int
    error: int


_totals = (
    health_total.c.group_id,
    health_total.c.date,
    health_total.c.normal,
    health_total.c.warning,
    health_total.c.error,
)
_dates = health_total.alias("dates")
_listed = each("ids")
_group_id = cast(_listed.c.value, BigInteger)


def _of_group(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.network_id == bindparam("network_id"), table.c.group_id == _group_id)


def _date(of: ColumnElement[int], *where: ColumnElement[bool]) -> ColumnElement[int]:
    return select(of).where(_of_group(_dates), *where).correlate(_listed).scalar_subquery()


#: The totals of each of some groups at a moment, or the first ones: two look-ups for each group.
TOTALS_AT = Query(
    select(*_totals).select_from(
        _listed.join(
            health_total,
            and_(
                _of_group(health_total),
                health_total.c.date
                == func.coalesce(
                    _date(func.max(_dates.c.date), _dates.c.date <= bindparam("moment", type_=BigInteger())),
                    _date(func.min(_dates.c.date)),
                ),
            ),
        )
    ),
    GroupTotals,
)
INSERT_TOTALS = Query(health_total.insert())
#: Moves the last totals of a group to a later moment.
MOVE_TOTALS = Query(
    health_total.update()
    .where(
        health_total.c.network_id == bindparam("in_network"),
        health_total.c.group_id == bindparam("of_group"),
        health_total.c.date == bindparam("last_date"),
    )
    .values(**{f"{name}": bindparam(f"new_{name}") for name in ("date", "normal", "warning", "error")})
)
_old = (
    select(health_total.c.network_id, health_total.c.group_id, health_total.c.date)
    .where(health_total.c.date < bindparam("before"))
    .limit(5000)
)
DELETE_OLD_TOTALS = Query(
    health_total.delete().where(
        tuple_(health_total.c.network_id, health_total.c.group_id, health_total.c.date).in_(_old)
    )
)


class Counted(Protocol):
    #: ms
    counted_date: int


#: Locks the date up to which the totals count, until the transaction ends.
LOCK_COUNTED = Query(select(heartbeat.c.counted_date).where(heartbeat.c.id == 1).with_for_update(), Counted)
SET_COUNTED = Query(heartbeat.update().where(heartbeat.c.id == 1).values(counted_date=bindparam("new_date")))
