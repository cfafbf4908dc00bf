"""The columns and scopes of screenshots, which lists read."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam, select

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import screenshot


class ScreenshotRow(Protocol):
    """A screenshot; `blob` and `thumbnail` are names of files."""

    id: int
    device_id: int
    serial: str
    group_name: str | None
    presentation_name: str | None
    utc_timestamp: int
    local_timestamp: int
    width: int
    height: int
    file_size: int
    blob: str
    thumbnail: str


#: The column that permissions for single devices refer to.
DEVICE_ID = screenshot.c.device_id

COLUMNS = (
    screenshot.c.id,
    screenshot.c.device_id,
    screenshot.c.serial,
    screenshot.c.group_name,
    screenshot.c.presentation_name,
    screenshot.c.utc_timestamp,
    screenshot.c.local_timestamp,
    screenshot.c.width,
    screenshot.c.height,
    screenshot.c.file_size,
    screenshot.c.blob,
    screenshot.c.thumbnail,
)


def of_device(device_id: int) -> Scope:
    """Returns the scope of the screenshots of one device."""
    return Scope("of a device", (screenshot.c.device_id == bindparam("of_device"),), {"of_device": device_id})


class Grid(Protocol):
    grid: str | None


#: What the device's picture before a moment is compared by.
GRID_BEFORE = Query(
    select(screenshot.c.grid)
    .where(
        screenshot.c.network_id == bindparam("network_id"),
        screenshot.c.device_id == bindparam("device_id"),
        screenshot.c.utc_timestamp < bindparam("moment"),
    )
    .order_by(screenshot.c.utc_timestamp.desc(), screenshot.c.id.desc())
    .limit(1),
    Grid,
)
