"""The SQL of the limits of health."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import BigInteger, Integer, bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device, device_status, health_rules


class StoredLimits(Protocol):
    network_id: int
    #: JSON of `rules.Limits`
    limits: str
    checked_device_id: int | None


_limits = select(health_rules.c.network_id, health_rules.c.limits, health_rules.c.checked_device_id)
_of_network = _limits.where(health_rules.c.network_id == bindparam("network_id"))

LIMITS = Query(_of_network, StoredLimits)
#: Locks the limits until the transaction ends. Lock order: limits before devices.
LOCK_LIMITS = Query(_of_network.with_for_update(), StoredLimits)
#: A network whose rules have changed since its devices were evaluated.
UNCHECKED = Query(_limits.where(health_rules.c.checked_device_id.is_not(None)).limit(1), StoredLimits)
_put = insert(health_rules)
PUT_LIMITS = Query(
    _put.on_conflict_do_update(
        index_elements=[health_rules.c.network_id],
        set_={name: _put.excluded[name] for name in ("limits", "checked_device_id")},
    )
)
SET_CHECKED = Query(
    health_rules.update()
    .where(health_rules.c.network_id == bindparam("in_network"))
    .values(checked_device_id=bindparam("checked"))
)
#: Locks the next devices of a network, by their ids, until the transaction ends.
LOCK_DEVICES_AFTER = Query(
    select(device.c.id)
    .where(device.c.network_id == bindparam("network_id"), device.c.id > bindparam("after", type_=BigInteger()))
    .order_by(device.c.id)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update()
)
MAKE_DUE = Query(
    device_status.update()
    .where(
        device_status.c.network_id == bindparam("in_network"),
        among(device_status.c.device_id, "ids"),
        device_status.c.status_date.is_not(None),
    )
    .values(health_due_date=bindparam("now"))
)
