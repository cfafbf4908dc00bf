"""An event as the API answers it."""

from __future__ import annotations

from typing import Any

import msgspec

from signfleet.foundation.wire.types import DateTime
from signfleet.notify.events.kinds import Kind
from signfleet.web.contract.paging import PagedList


class EventRecord(msgspec.Struct, rename="camel", kw_only=True):
    """What happened. `deviceId` and `serial` are null for events of the network and of accounts.

    `name` is what the event is about, such as the error, the file, or the health after a change. `data` has the members
    of the kind: `docs/events.md`.
    """

    id: int
    date: DateTime
    kind: Kind
    device_id: int | None
    serial: str | None
    name: str | None
    data: Any


class EventPage(PagedList):
    """A PagedList of events."""

    items: list[EventRecord]
