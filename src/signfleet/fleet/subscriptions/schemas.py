"""The Player Subscription entity of the contract."""

from __future__ import annotations

from typing import Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Id, TimeSpan
from signfleet.web.contract.paging import PagedList

Type = Literal["Grace", "Demo", "Commercial", "Content", "Control"]
Status = Literal["Active", "Suspending", "Suspended"]


class DeviceReference(msgspec.Struct, rename="camel"):
    """The device that something belongs to."""

    id: Id
    serial: str


class Subscription(msgspec.Struct, rename="camel", kw_only=True):
    """A subscription of a device, or in stock (`device` is null)."""

    id: Id
    device: DeviceReference | None = None
    type: Type
    activity_period: TimeSpan
    status: Status
    creation_date: DateTime
    last_modified_date: DateTime
    activation_date: DateTime | None = None
    suspension_date: DateTime | None = None
    expiration_date: DateTime | None = None


class SubscriptionList(PagedList):
    """A PagedList of subscriptions."""

    items: list[Subscription]
