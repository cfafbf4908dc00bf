"""Makes messages to webhooks of events: for each webhook one that lists those it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from signfleet.fleet.webhooks.store import WebhookRow
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.notify.events.store import EventRow
from signfleet.notify.outbox.channel import Message


class Matchers(NamedTuple):
    """What evaluates the filters of webhooks: both return the ids of those that an expression matches."""

    devices: Callable[[int, str | None, Iterable[int]], Awaitable[set[int]]]
    events: Callable[[int, str, Sequence[EventRow]], Awaitable[set[int]]]


async def messages(
    network_id: int, webhooks: Sequence[WebhookRow], events: Sequence[EventRow], matchers: Matchers, now: int
) -> list[Message]:
    """Returns the messages to the enabled webhooks of a network, whose events these are, in their order."""
    found = []
    for webhook in webhooks:
        chosen = await _chosen(network_id, webhook, events, matchers) if webhook.is_enabled else []
        if chosen:
            body = {
                "type": "events",
                "timestamp": datetime.format(now),
                "networkId": network_id,
                "data": [_entity(event) for event in chosen],
            }
            kinds = ", ".join(dict.fromkeys(event.kind for event in chosen))
            found.append(Message("webhook", webhook.name, kinds[:200], encode(body).decode(), network_id, webhook.id))
    return found


async def _chosen(
    network_id: int, webhook: WebhookRow, events: Sequence[EventRow], matchers: Matchers
) -> list[EventRow]:
    kinds = set(msgspec.json.decode(webhook.kinds))
    chosen = [event for event in events if not kinds or event.kind in kinds]
    if webhook.filter is not None:
        of_devices = {event.device_id for event in chosen if event.device_id}
        devices = await matchers.devices(network_id, webhook.filter, of_devices)
        chosen = [event for event in chosen if event.device_id in devices]
    if webhook.event_filter is not None:
        matching = await matchers.events(network_id, webhook.event_filter, chosen)
        chosen = [event for event in chosen if event.id in matching]
    return chosen


def _entity(event: EventRow) -> dict[str, object]:
    return {
        "id": event.id,
        "date": datetime.format(event.date),
        "kind": event.kind,
        "deviceId": event.device_id,
        "serial": event.serial,
        "name": event.name,
        "data": msgspec.Raw(event.data.encode()),
    }
