"""Makes messages to webhooks of events: for each webhook one that lists those it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from signfleet.fleet.webhooks.store import WebhookRow
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.notify.events.store import EventRow
from signfleet.notify.outbox.channel import Message

#: Returns those of the devices that an expression matches.
Match = Callable[[int, str | None, Iterable[int]], Awaitable[set[int]]]


async def messages(
    network_id: int, webhooks: Sequence[WebhookRow], events: Sequence[EventRow], match: Match, now: int
) -> list[Message]:
    """Returns the messages to the enabled webhooks of a network, whose events these are."""
    found = []
    for webhook in webhooks:
        chosen = await _chosen(network_id, webhook, events, match) if webhook.is_enabled else []
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


async def _chosen(network_id: int, webhook: WebhookRow, events: Sequence[EventRow], match: Match) -> list[EventRow]:
    kinds = set(msgspec.json.decode(webhook.kinds))
    of_kind = [event for event in events if not kinds or event.kind in kinds]
    if webhook.filter is None:
        return of_kind
    matching = await match(network_id, webhook.filter, {event.device_id for event in of_kind if event.device_id})
    return [event for event in of_kind if event.device_id in matching]


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
