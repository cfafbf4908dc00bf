"""The properties of errors and downloads that filters and sorts can name."""

from __future__ import annotations

from signfleet.fleet.devices.history.schemas import PlayerDownload, PlayerError
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import device_download, device_error

ERRORS = Catalogue(
    properties_of(PlayerError),
    Columns(
        device_error,
        {
            "timestamp": device_error.c.timestamp,
            "errorName": device_error.c.name_key,
            "errorEvent": device_error.c.event_key,
            "reason": device_error.c.reason_key,
            "responseCode": device_error.c.response_code,
        },
    ),
    entities=("DeviceError",),
    default_sort="[DeviceError].[Timestamp] DESC",
)
"""The catalogue of /Devices/{device}/Errors/."""

DOWNLOADS = Catalogue(
    properties_of(PlayerDownload),
    Columns(
        device_download,
        {
            "timestamp": device_download.c.timestamp,
            "fileName": device_download.c.file_name_key,
            "fileHash": device_download.c.file_hash_key,
            "progress": device_download.c.progress,
            "status": device_download.c.status_key,
        },
    ),
    entities=("DeviceDownload",),
    default_sort="[DeviceDownload].[Timestamp] DESC",
)
"""The catalogue of /Devices/{device}/Downloads/."""
