"""Puts what has become of alerts where people hear of it: notices for mails, and deliveries to webhooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from signfleet.fleet.alerts.changes import AlertChanges, News
from signfleet.fleet.alerts.notices import OPENED, RECOVERED, put_notices
from signfleet.fleet.alerts.store import RuleRow
from signfleet.fleet.webhooks.store import ALL as ALL_WEBHOOKS
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.notify.outbox.channel import Message
from signfleet.notify.outbox.service import Outbox

#: How many alerts one delivery lists.
_LISTED: Final = 100


async def announce(tx: Transaction, outbox: Outbox, changes: AlertChanges) -> None:
    """Lets the receivers of the alerts' rules hear that these have opened or are over, each of them once."""
    network_id, now = changes.network_id, changes.now
    await put_notices(tx, network_id, OPENED, changes.opened, now)
    await put_notices(tx, network_id, RECOVERED, changes.resolved, now)
    by_webhook: dict[int, dict[str, list[News]]] = defaultdict(lambda: defaultdict(list))
    for state, news in (("opened", changes.opened), ("resolved", changes.resolved)):
        for each in news:
            for id_ in _webhooks(each.rules) - _webhooks(each.earlier):
                by_webhook[id_][state].append(each)
    if not by_webhook:
        return
    for webhook in await tx.all(ALL_WEBHOOKS, in_network=network_id):
        if webhook.is_enabled:
            for state, chosen in by_webhook.get(webhook.id, {}).items():
                for first in range(0, len(chosen), _LISTED):
                    data = [_datum(state, each.alert) for each in chosen[first : first + _LISTED]]
                    body = {"type": "alerts", "timestamp": datetime.format(now), "networkId": network_id, "data": data}
                    content = encode(body).decode()
                    message = Message("webhook", webhook.name, f"alerts {state}", content, network_id, webhook.id)
                    await outbox.put(tx, message, now)


def _webhooks(rules: Sequence[RuleRow]) -> set[int]:
    return {id_ for rule in rules for id_ in msgspec.json.decode(rule.webhooks)}


def _datum(state: str, alert: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": state,
        "alertId": alert["id"],
        "ruleId": alert["rule_id"],
        "ruleName": alert["rule_name"],
        "rules": msgspec.json.decode(alert["rules"])["rules"],
        "deviceId": alert["device_id"],
        "serial": alert["serial"],
        "cause": msgspec.Raw(alert["cause_data"].encode()),
        "reason": alert["reason"],
        "since": datetime.format(alert["since_date"]),
    }
