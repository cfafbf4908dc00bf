"""The columns and scopes of screenshots, which lists read."""

from __future__ import annotations

from sqlalchemy import bindparam

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.tables import screenshot

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
