"""The SQL of deliveries to webhooks."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Integer, and_, bindparam, or_, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import outbox, webhook
from signfleet.notify.outbox.store import OutboxRow


class Target(Protocol):
    """Where a webhook's requests go, and how they are signed."""

    url: str
    salt: bytes
    previous_salt: bytes | None
    #: ms
    previous_until: int | None
    failures: int


class DueWebhook(Protocol):
    network_id: int
    id: int


_this = and_(webhook.c.network_id == bindparam("in_network"), webhook.c.id == bindparam("this_id"))
TARGET = Query(
    select(webhook.c.url, webhook.c.salt, webhook.c.previous_salt, webhook.c.previous_until, webhook.c.failures).where(
        _this
    ),
    Target,
)
_due = and_(
    outbox.c.network_id == webhook.c.network_id,
    outbox.c.webhook_id == webhook.c.id,
    outbox.c.next_attempt_date <= bindparam("now"),
)
#: The webhooks that have something to deliver and do not pause after a failure.
WITH_DUE = Query(
    select(webhook.c.network_id, webhook.c.id)
    .where(
        webhook.c.is_enabled,
        or_(webhook.c.paused_until.is_(None), webhook.c.paused_until <= bindparam("now")),
        select(outbox.c.id).where(_due).correlate(webhook).exists(),
    )
    .order_by(webhook.c.paused_until, webhook.c.network_id, webhook.c.id),
    DueWebhook,
)
DUE_OF_WEBHOOK = Query(
    select(outbox)
    .where(
        outbox.c.network_id == bindparam("in_network"),
        outbox.c.webhook_id == bindparam("this_id"),
        outbox.c.next_attempt_date <= bindparam("now"),
    )
    .order_by(outbox.c.next_attempt_date, outbox.c.id)
    .limit(bindparam("count", type_=Integer())),
    OutboxRow,
)
PAUSE = Query(webhook.update().where(_this).values(failures=webhook.c.failures + 1, paused_until=bindparam("until")))
RESUME = Query(webhook.update().where(_this, webhook.c.failures > 0).values(failures=0, paused_until=None))
