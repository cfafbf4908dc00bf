"""The ScreenShot entity."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from signfleet.fleet.devices.schemas import Entity
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.wire.timespan import SECOND
from signfleet.foundation.wire.types import DateTime, Id, Long
from signfleet.web.contract.paging import PagedList


class ScreenShot(Entity):
    """A screenshot of a device; sizes in pixels and bytes; paths are links that expire.

    Timestamps are shown to the second.

    """

    id: Id
    device: DeviceReference
    group_name: str | None
    presentation_name: str | None
    utc_timestamp: Annotated[DateTime, Meta(extra={"step": SECOND})]
    local_timestamp: Annotated[
        str, Meta(extra={"kind": "dateTime", "step": SECOND}, description="The device's wall clock, no zone.")
    ]
    width: Long
    height: Long
    file_path: str
    file_size: Long
    thumb_path: str


class ScreenShotPage(PagedList):
    """A PagedList of screenshots."""

    items: list[ScreenShot]
