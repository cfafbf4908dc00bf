"""Notices: what mails have to say. They wait until a moment is quiet, and what belongs together becomes one mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.fleet.alerts import notice_store as queries
from signfleet.fleet.alerts.changes import News
from signfleet.fleet.alerts.store import RuleRow
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.notify.events.store import EventRow

#: The topics of alerts: opened, and over.
OPENED: Final = "opened"
RECOVERED: Final = "recovered"
#: The topics of the contract's notification settings that come from rules: their alerts are about one of these.
DISCONNECTED: Final = "disconnected"
FAILURE: Final = "failure"

#: The topics of networks, whose settings have one form.
NETWORK_TOPICS: Final = (
    "networkSuspended",
    "networkSubscriptionUpgraded",
    "networkTrialPeriodStarted",
    "networkTrialPeriodExpiring",
    "networkTrialPeriodExpired",
)
#: The topics of subscriptions: each with its settings for one and for several at once.
SUBSCRIPTION_TOPICS: Final = {
    "subscriptionCreated": ("subscriptionCreated", "subscriptionsCreated"),
    "subscriptionQueued": ("subscriptionQueued", "subscriptionsQueued"),
    "graceSubscriptionExpiring": ("graceSubscriptionExpiring", "graceSubscriptionsExpiring"),
    "demoSubscriptionExpiring": ("demoSubscriptionExpiring", "demoSubscriptionsExpiring"),
    "subscriptionExpiring": ("subscriptionExpiring", "subscriptionsExpiring"),
    "subscriptionExpired": ("subscriptionExpired", "subscriptionsExpired"),
    "subscriptionSuspending": ("subscriptionSuspending", "subscriptionsSuspending"),
    "subscriptionSuspended": ("subscriptionSuspended", "subscriptionsSuspended"),
}
#: The settings of a topic: for one device, and for several at once.
SETTINGS: Final = {
    DISCONNECTED: ("deviceDisconnected", "devicesDisconnected"),
    FAILURE: ("deviceFailure", "devicesFailure"),
    **SUBSCRIPTION_TOPICS,
    **{topic: (topic, topic) for topic in NETWORK_TOPICS},
}


class EventNotice(NamedTuple):
    """What an event gives to a mail: its topic, and the columns of a notice."""

    topic: str
    facts: dict[str, Any]


def notice_of_event(event: EventRow) -> EventNotice | None:
    """Returns the notice of an event about which the contract's settings can ask for mail."""
    read = _READERS.get(event.kind)
    if read is None:
        return None
    data = msgspec.json.decode(event.data)
    topic = read(data)
    if topic is None:
        return None
    serial, date = event.serial, data.get("expirationDate") or data.get("expireDate")
    if event.device_id is None and "subscriptionId" in data:
        serial = f"Subscription {data['subscriptionId']}"
    reason = f"on {date[:10]}" if date else event.name or data.get("from")
    return EventNotice(topic, {"device_id": event.device_id or 0, "serial": serial, "reason": reason})


def _of_level(data: dict[str, Any]) -> str | None:
    if data["to"] == "Content":
        return "networkSubscriptionUpgraded"
    if data["to"] == "Trial":
        return "networkTrialPeriodStarted"
    return "networkTrialPeriodExpired" if data.get("from") == "Trial" else None


def _of_expiring(data: dict[str, Any]) -> str:
    word = data["type"].lower()
    return f"{word}SubscriptionExpiring" if word in ("grace", "demo") else "subscriptionExpiring"


def _of_age(data: dict[str, Any]) -> str | None:
    topic = f"subscription{data.get('to', 'Expired')}"
    return topic if topic in SUBSCRIPTION_TOPICS else None


_READERS: Final[dict[str, Callable[[dict[str, Any]], str | None]]] = {
    "SubscriptionAged": _of_age,
    "SubscriptionCreated": lambda _: "subscriptionCreated",
    "SubscriptionQueued": lambda _: "subscriptionQueued",
    "SubscriptionExpiring": _of_expiring,
    "NetworkLevelChanged": _of_level,
    "NetworkTrialExpiring": lambda _: "networkTrialPeriodExpiring",
    "NetworkLocked": lambda data: "networkSuspended" if data["isLockedOut"] else None,
}


async def put_notices(tx: Transaction, network_id: int, topic: str, news: Sequence[News], now: int) -> None:
    """Stores notices about alerts, one for each of which anybody gets mail."""
    rows = [
        {name: each.alert[name] for name in ("cause", "device_id", "serial", "reason")}
        | {"rules": _ids(mailing), "earlier": _ids(each.earlier)}
        for each in news
        if (mailing := [rule for rule in each.rules if rule.notifies_users or rule.mail_to != "[]"])
    ]
    if rows:
        await insert_notices(tx, network_id, topic, rows, now)


async def insert_notices(
    tx: Transaction, network_id: int, topic: str, rows: Sequence[dict[str, Any]], now: int
) -> None:
    """Stores notices about a topic: rows of `device_id`, `serial` and `reason`, those about alerts with their rules."""
    ids = await tx.next_ids("notice", len(rows))
    facts = {"network_id": network_id, "topic": topic, "date": now}
    await tx.execute_many(
        queries.INSERT, [_NO_ALERT | row | facts | {"id": id_} for row, id_ in zip(rows, ids, strict=True)]
    )


_NO_ALERT: Final = {"cause": "", "rules": "[]", "earlier": "[]"}


def _ids(rules: Sequence[RuleRow]) -> str:
    return encode([rule.id for rule in rules]).decode()
