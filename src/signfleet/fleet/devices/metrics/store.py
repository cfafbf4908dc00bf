"""The SQL of metrics."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_metrics, device_metrics_hour


class PresentMetrics(Protocol):
    #: ms
    date: int
    #: JSON
    latest: str
    #: When the hour of `slots` began, in ms.
    hour: int
    #: JSON, as `history.Hour`
    slots: str


PRESENT = Query(
    select(device_metrics.c.date, device_metrics.c.latest, device_metrics.c.hour, device_metrics.c.slots).where(
        device_metrics.c.network_id == bindparam("network_id"), device_metrics.c.device_id == bindparam("device_id")
    ),
    PresentMetrics,
)
_insert = insert(device_metrics)
STORE_METRICS = Query(
    _insert.on_conflict_do_update(
        index_elements=[device_metrics.c.device_id],
        set_={name: _insert.excluded[name] for name in ("date", "properties", "latest", "hour", "slots")},
    )
)
#: An hour of a clock that was set back is there already.
INSERT_HOUR = Query(insert(device_metrics_hour).on_conflict_do_nothing())


class StoredHour(Protocol):
    #: ms
    hour: int
    #: JSON
    slots: str


HOURS = Query(
    select(device_metrics_hour.c.hour, device_metrics_hour.c.slots)
    .where(
        device_metrics_hour.c.network_id == bindparam("network_id"),
        device_metrics_hour.c.device_id == bindparam("device_id"),
        device_metrics_hour.c.step == bindparam("step"),
        device_metrics_hour.c.hour >= bindparam("first"),
    )
    .order_by(device_metrics_hour.c.hour),
    StoredHour,
)

#: How many hours one transaction deletes.
BATCH = 1000
_key = tuple_(*device_metrics_hour.primary_key.columns)
_old = (
    select(*device_metrics_hour.primary_key.columns)
    .where(device_metrics_hour.c.step == bindparam("step"), device_metrics_hour.c.hour < bindparam("before"))
    .limit(BATCH)
)
DELETE_OLD_HOURS = Query(device_metrics_hour.delete().where(_key.in_(_old)))
