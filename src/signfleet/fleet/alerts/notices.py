"""Notices: what mails have to say. They wait until a moment is quiet, and what belongs together becomes one mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from signfleet.fleet.alerts import notice_store as queries
from signfleet.fleet.alerts.store import RuleRow
from signfleet.foundation.storage.interface import Transaction
from signfleet.notify.events.store import EventRow

#: The topics of alerts: opened, and over.
NOTIFIED_BY_RULE: Final = "opened"
RECOVERED: Final = "recovered"
#: The topics of the contract's notification settings that come from rules: their alerts are about one of these.
DISCONNECTED: Final = "disconnected"
FAILURE: Final = "failure"

#: The settings of a topic: for one device, and for several at once. Those of networks have one.
SETTINGS: Final = {
    DISCONNECTED: ("deviceDisconnected", "devicesDisconnected"),
    FAILURE: ("deviceFailure", "devicesFailure"),
    "subscriptionSuspending": ("subscriptionSuspending", "subscriptionsSuspending"),
    "subscriptionSuspended": ("subscriptionSuspended", "subscriptionsSuspended"),
    "subscriptionExpired": ("subscriptionExpired", "subscriptionsExpired"),
    "networkSuspended": ("networkSuspended", "networkSuspended"),
    "networkSubscriptionUpgraded": ("networkSubscriptionUpgraded", "networkSubscriptionUpgraded"),
    "networkTrialPeriodStarted": ("networkTrialPeriodStarted", "networkTrialPeriodStarted"),
    "networkTrialPeriodExpired": ("networkTrialPeriodExpired", "networkTrialPeriodExpired"),
}
#: Notices that no rule wrote.
NO_RULE: Final = 0


def topic_of_event(event: EventRow) -> str | None:
    """Returns the topic of an event about which the contract's settings can ask for mail."""
    if event.kind not in ("SubscriptionAged", "NetworkLocked", "NetworkLevelChanged"):
        return None
    data, topic = msgspec.json.decode(event.data), None
    match event.kind, data.get("from"), data.get("to"):
        case "SubscriptionAged", _, ("Suspending" | "Suspended" | "Expired") as to:
            topic = f"subscription{to}"
        case "NetworkLocked", _, _ if data.get("isLockedOut"):
            topic = "networkSuspended"
        case "NetworkLevelChanged", _, "Content":
            topic = "networkSubscriptionUpgraded"
        case "NetworkLevelChanged", _, "Trial":
            topic = "networkTrialPeriodStarted"
        case "NetworkLevelChanged", "Trial", _:
            topic = "networkTrialPeriodExpired"
    return topic


async def put_notices(tx: Transaction, rule: RuleRow, topic: str, alerts: Sequence[dict[str, Any]], now: int) -> None:
    """Stores notices of a rule's alerts, if anybody gets mail of it."""
    if not rule.notifies_users and rule.mail_to == "[]":
        return
    rows = [{name: row[name] for name in ("device_id", "serial", "reason")} for row in alerts]
    await insert_notices(tx, (rule.network_id, rule.id, topic), rows, now)


async def insert_notices(
    tx: Transaction, about: tuple[int, int, str], rows: Sequence[dict[str, Any]], now: int
) -> None:
    """Stores notices about a network, a rule and a topic: rows of `device_id`, `serial` and `reason`."""
    network_id, rule_id, topic = about
    ids = await tx.next_ids("notice", len(rows))
    facts = {"network_id": network_id, "rule_id": rule_id, "topic": topic, "date": now}
    await tx.execute_many(queries.INSERT, [row | facts | {"id": id_} for row, id_ in zip(rows, ids, strict=True)])
