"""The SQL of webhooks as operators see them."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, func, select

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import outbox, webhook
from signfleet.notify.webhooks.store import Target


class WebhookRow(Target, Protocol):
    """A webhook; dates in ms."""

    network_id: int
    id: int
    name: str
    name_key: str
    is_enabled: int
    #: JSON
    kinds: str
    filter: str | None
    event_filter: str | None
    creation_date: int
    last_modified_date: int
    key_date: int
    paused_until: int | None


class WebhookCount(Protocol):
    number: int


_in_network = webhook.c.network_id == bindparam("in_network")
_this = and_(_in_network, webhook.c.id == bindparam("this_id"))
ALL = Query(select(webhook).where(_in_network).order_by(webhook.c.name_key), WebhookRow)
ONE = Query(select(webhook).where(_this), WebhookRow)
LOCK = Query(select(webhook).where(_this).with_for_update(), WebhookRow)
COUNT = Query(select(func.count().label("number")).select_from(webhook).where(_in_network), WebhookCount)
INSERT = Query(webhook.insert())
UPDATE = Query(
    webhook.update()
    .where(_this)
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        url=bindparam("new_url"),
        is_enabled=bindparam("new_is_enabled"),
        kinds=bindparam("new_kinds"),
        filter=bindparam("new_filter"),
        event_filter=bindparam("new_event_filter"),
        last_modified_date=bindparam("now"),
        failures=0,
        paused_until=None,
    )
)
SET_KEY = Query(
    webhook.update()
    .where(_this)
    .values(
        salt=bindparam("new_salt"),
        key_date=bindparam("now"),
        previous_salt=bindparam("old_salt"),
        previous_until=bindparam("until"),
        last_modified_date=bindparam("now"),
    )
)
DELETE = Query(webhook.delete().where(_this))
#: The rest of a deleted webhook's deliveries: no more than a batch, since there may be very many.
_of_webhook = (
    select(outbox.c.id)
    .where(outbox.c.network_id == bindparam("in_network"), outbox.c.webhook_id == bindparam("this_id"))
    .limit(1000)
)
DELETE_DELIVERIES = Query(
    outbox.delete().where(outbox.c.network_id == bindparam("in_network"), outbox.c.id.in_(_of_webhook))
)


def deliveries_of(webhook_id: int) -> Scope:
    """Returns the scope of the deliveries to a webhook."""
    return Scope("of a webhook", (outbox.c.webhook_id == bindparam("of_webhook"),), {"of_webhook": webhook_id})
