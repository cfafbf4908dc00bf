"""The columns and scopes of errors and downloads, which lists read."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import bindparam

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.tables import device_download, device_error


class ErrorRow(Protocol):
    """An error; `count` is how many equal ones it stands for."""

    timestamp: int
    name: str
    event: str
    reason: str | None
    response_code: int
    count: int


class DownloadRow(Protocol):
    """A download."""

    timestamp: int
    file_name: str
    file_hash: str | None
    progress: int
    status: str


ERROR_COLUMNS = (
    device_error.c.timestamp,
    device_error.c.name,
    device_error.c.event,
    device_error.c.reason,
    device_error.c.response_code,
    device_error.c.count,
)
DOWNLOAD_COLUMNS = (
    device_download.c.timestamp,
    device_download.c.file_name,
    device_download.c.file_hash,
    device_download.c.progress,
    device_download.c.status,
)


def errors_of(device_id: int) -> Scope:
    """Returns the scope of the errors of one device."""
    return Scope("of a device", (device_error.c.device_id == bindparam("of_device"),), {"of_device": device_id})


def downloads_of(device_id: int) -> Scope:
    """Returns the scope of the downloads of one device."""
    return Scope("of a device", (device_download.c.device_id == bindparam("of_device"),), {"of_device": device_id})
