"""The properties of screenshots that filters and sorts can name."""

from __future__ import annotations

from signfleet.fleet.devices.screenshots.schemas import ScreenShot
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import screenshot

SCREENSHOTS = Catalogue(
    properties_of(ScreenShot),
    Columns(
        screenshot,
        {
            "id": screenshot.c.id,
            "device": screenshot.c.device_id,
            "device.id": screenshot.c.device_id,
            "device.serial": screenshot.c.serial_key,
            "groupName": screenshot.c.group_name_key,
            "presentationName": screenshot.c.presentation_name_key,
            "utcTimestamp": screenshot.c.utc_timestamp,
            "localTimestamp": screenshot.c.local_timestamp,
            "width": screenshot.c.width,
            "height": screenshot.c.height,
            # Each answer signs new links, so filters and sorts compare the name of the file instead.
            "filePath": screenshot.c.blob,
            "fileSize": screenshot.c.file_size,
            "thumbPath": screenshot.c.thumbnail,
        },
        order={
            "groupName": screenshot.c.group_name_order,
            "presentationName": screenshot.c.presentation_name_order,
        },
    ),
    entities=("DeviceScreenShot", "ScreenShot"),
    aliases={"serial": "device.serial"},
    default_sort="[DeviceScreenShot].[UTCTimestamp] DESC",
)
"""The catalogue of /Devices/ScreenShots/ and /Devices/{device}/ScreenShots/."""
