"""The SQL that finds the devices whose alerts may have to change.

What is as it should be is passed over inside the statement, so a minute in which nothing changes reads no rows of a
fleet, however many of its devices have alerts. `ix_device_health_reason` and `uq_alert_cause` serve both directions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Integer, Select, Text, and_, bindparam, cast, not_, or_, select

from signfleet.fleet.alerts.causes import CAUSES, CONTACT
from signfleet.fleet.alerts.schemas import CauseKind, Condition
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.expressions.sql import NETWORK
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import alert, alert_rule, device, device_status


class ReasonGroup(NamedTuple):
    """The devices that have one health for one reason; what is wrong with them is one cause."""

    health: str
    reason: str | None
    cause: CauseKind


class RulesOfAlert(Protocol):
    #: JSON, as `joining` reads it.
    rules: str


class UnsettledDevice(Protocol):
    id: int


def groups_of(condition: Condition) -> list[ReasonGroup]:
    """Returns the devices that meet a condition about the health, which are none if it is about anything else."""
    if condition.kind != "health":
        return []
    causes = {code: cause for code, cause in CAUSES.items() if not condition.reasons or code in condition.reasons}
    return [ReasonGroup(health, code, cause) for health in condition.health for code, cause in causes.items()]


_live = and_(alert.c.network_id == NETWORK, alert.c.resolve_date.is_(None))
_rules = cast(alert.c.rules, Text)
#: The different rules that alerts of a network have which are not resolved.
RULES_OF_ALERTS = Query(select(_rules.label("rules")).where(_live).distinct(), RulesOfAlert)

_silent = select(device_status.c.device_id).where(
    device_status.c.network_id == NETWORK, device_status.c.status_date <= bindparam("before")
)
_its_alert = (
    select(alert.c.id)
    .where(_live, alert.c.device_id == device.c.id, alert.c.cause == bindparam("cause"), among(_rules, "joined"))
    .correlate(device)
)
_lacks_alert = not_(_its_alert.exists())
_has_health = device.c.health == bindparam("health")
#: Devices without an alert of the cause that the rule has joined; the rule's texts are `joined`.
FOR_A_REASON: Final = Scope(
    "unsettled for a reason", (_has_health, device.c.health_reason == bindparam("reason"), _lacks_alert)
)
FOR_NO_REASON: Final = Scope("unsettled for no reason", (_has_health, device.c.health_reason.is_(None), _lacks_alert))
FOR_SILENCE: Final = Scope("unsettled for silence", (device.c.id.in_(_silent), _lacks_alert))


@lru_cache(64)
def unsettled_alerts(groups: frozenset[ReasonGroup]) -> Query[UnsettledDevice]:
    """Returns a statement for the devices with an alert that nothing in the statement explains.

    Explained is an alert with no rules but those in the texts `complete`, of a device in one of the groups or one
    that has not reported since `before`; and one with rules in `lasting`, of a device that exists. A pending one also
    has its rule in `steady`, whose delay as it is now is not over before the alert is due.
    """
    wanted = [
        and_(alert.c.cause == group.cause, alert.c.device_id.in_(_of_group(group))) for group in sorted(groups, key=str)
    ]
    wanted.append(and_(alert.c.cause == CONTACT, alert.c.device_id.in_(_silent)))
    exists = select(device.c.id).where(device.c.network_id == NETWORK, device.c.id == alert.c.device_id).exists()
    lasts = and_(among(_rules, "lasting"), or_(alert.c.device_id == 0, exists))
    delay = select(alert_rule.c.delay).where(alert_rule.c.network_id == NETWORK, alert_rule.c.id == alert.c.rule_id)
    is_timely = and_(among(_rules, "steady"), alert.c.due_date <= alert.c.since_date + delay.scalar_subquery())
    statement = (
        select(alert.c.device_id.label("id"))
        .where(_live, alert.c.device_id > bindparam("after"), not_(lasts))
        .where(not_(and_(among(_rules, "complete"), or_(*wanted), or_(alert.c.state != "pending", is_timely))))
        .distinct()
        .order_by(alert.c.device_id)
        .limit(bindparam("count", type_=Integer()))
    )
    return Query(statement, UnsettledDevice)


def _of_group(group: ReasonGroup) -> Select[Any]:
    reason: ColumnElement[bool] = (
        device.c.health_reason.is_(None) if group.reason is None else device.c.health_reason == group.reason
    )
    return select(device.c.id).where(device.c.network_id == NETWORK, device.c.health == group.health, reason)
