"""The SQL of pictures, apart from their lists."""

from __future__ import annotations

from sqlalchemy import bindparam

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.tables import screenshot

#: By what permissions for single devices find the pictures of theirs.
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
    """The pictures of one device."""
    return Scope("of a device", (screenshot.c.device_id == bindparam("of_device"),), {"of_device": device_id})
