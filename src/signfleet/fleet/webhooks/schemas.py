"""The bodies of the endpoints of webhooks and of the outbox."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signfleet.foundation.wire.types import DateTime, Id
from signfleet.web.contract.paging import PagedList

URL_LIMIT = 2048
FILTER_LIMIT = 1024
KINDS_LIMIT = 50

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Url = Annotated[str, Meta(max_length=URL_LIMIT)]
Kinds = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=KINDS_LIMIT)]
EventFilter = Annotated[str, Meta(max_length=FILTER_LIMIT, description="An expression of events.")]
DeviceFilter = Annotated[str, Meta(max_length=FILTER_LIMIT, description="An expression of devices.")]


class NewWebhook(msgspec.Struct, rename="camel", kw_only=True):
    """A webhook to create: without `kinds` it gets every event, without `filter` those of every device.

    With `eventFilter` it gets only events that match it too.
    """

    name: Name
    url: Url
    is_enabled: bool = True
    kinds: Kinds = msgspec.field(default_factory=list)
    filter: DeviceFilter | None = None
    event_filter: EventFilter | None = None


class WebhookChange(NewWebhook, kw_only=True):
    """What a webhook is to be. The id of another webhook is refused."""

    id: Id | None = None


class Webhook(msgspec.Struct, rename="camel", kw_only=True):
    """A webhook; its secret is never shown again. `failures` counts failed attempts in a row."""

    id: Id
    name: str
    url: str
    is_enabled: bool
    kinds: list[str]
    filter: str | None
    event_filter: str | None
    creation_date: DateTime
    last_modified_date: DateTime
    key_date: DateTime
    previous_key_valid_to: DateTime | None
    failures: int
    paused_until: DateTime | None


class CreatedWebhook(Webhook, kw_only=True):
    """A new webhook; its secret is only in this answer."""

    secret: str


class KeyRotation(msgspec.Struct, rename="camel", kw_only=True):
    """How long the previous key signs beside the new one."""

    overlap_hours: Annotated[int, Meta(ge=0, le=720)] = 24


class IssuedKey(msgspec.Struct, rename="camel", kw_only=True):
    """A new secret, which is only in this answer, and until when the previous one signs too."""

    secret: str
    previous_key_valid_to: DateTime | None


class WebhookTest(msgspec.Struct, rename="camel", kw_only=True):
    """What came of a test: `error` is null if the receiver has answered 2xx. `duration` is in milliseconds."""

    status: int | None
    answer: str | None
    error: str | None
    duration: int


class OutboxMessage(msgspec.Struct, rename="camel", kw_only=True):
    """A mail or a delivery to a webhook, without its content. `duration` of the last attempt is in milliseconds."""

    id: Id
    channel: Literal["mail", "webhook"]
    receiver: str
    webhook_id: Id | None
    subject: str
    state: Literal["waiting", "delivered", "failed"]
    creation_date: DateTime
    next_attempt_date: DateTime | None
    give_up_date: DateTime
    attempts: int
    last_attempt_date: DateTime | None
    duration: int | None
    status: int | None
    answer: str | None
    last_error: str | None


class OutboxPage(PagedList):
    """A PagedList of messages."""

    items: list[OutboxMessage]
