"""The Player Subscription entity."""

from __future__ import annotations

from typing import Literal

import msgspec

from signfleet.foundation.wire.types import DateTime, Id, TimeSpan

Type = Literal["Grace", "Demo", "Commercial", "Content", "Control"]
Status = Literal["Active", "Suspending", "Suspended"]


class DeviceReference(msgspec.Struct, rename="camel"):
    """Which device something belongs to."""

    id: Id
    serial: str


class Subscription(msgspec.Struct, rename="camel", kw_only=True):
    """A device's right to be served, or a free one in stock (`device` is null)."""

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
