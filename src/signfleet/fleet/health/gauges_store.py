"""The SQL of the measures of health."""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import Column, ColumnElement, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import alert, command, device_count, device_status, heartbeat, network, outage

#: How many networks have metrics of their own.
NETWORKS: Final = 1000
#: How many open alerts, and how many commands under way, are counted at most.
COUNTED: Final = 10_000


class NetworkCount(Protocol):
    name: str
    health: str
    total: int


_networks = select(network.c.id, network.c.name).order_by(network.c.id).limit(NETWORKS).subquery()
#: The maintained counts, without the changes of the last seconds.
COUNTS = Query(
    select(_networks.c.name, device_count.c.health, device_count.c.total)
    .join(_networks, _networks.c.id == device_count.c.network_id)
    .where(device_count.c.by == "network"),
    NetworkCount,
)


class ExpectedDevice(Protocol):
    #: ms
    status_date: int


FIRST_EXPECTED = Query(
    select(device_status.c.status_date)
    .where(device_status.c.health_due_date.is_not(None))
    .order_by(device_status.c.health_due_date)
    .limit(1),
    ExpectedDevice,
)


class Heard(Protocol):
    #: ms
    date: int
    #: ms
    ended: int | None


HEARD = Query(select(heartbeat.c.date, select(func.max(outage.c.ended)).scalar_subquery().label("ended")), Heard)


class HealthCount(Protocol):
    state: str
    total: int


def _count(state: Column[str], where: ColumnElement[bool]) -> Query[HealthCount]:
    """Returns the query of how many rows have each state, of those that a partial index lists."""
    listed = select(state.label("state")).where(where).limit(COUNTED).subquery()
    return Query(select(listed.c.state, func.count().label("total")).group_by(listed.c.state), HealthCount)


OPEN_ALERTS = _count(alert.c.state, alert.c.resolve_date.is_(None))
OPEN_COMMANDS = _count(command.c.state, command.c.end_date.is_(None))
