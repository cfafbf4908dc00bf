"""The Player Error and Player Download entities."""

from __future__ import annotations

from signfleet.fleet.devices.schemas import Entity
from signfleet.foundation.wire.types import DateTime, Long
from signfleet.web.contract.paging import PagedList


class PlayerError(Entity):
    """An error on a device; `response_code` is an HTTP status, or a player's own code if it is below zero."""

    timestamp: DateTime
    error_name: str
    error_event: str
    reason: str | None
    response_code: Long


class PlayerDownload(Entity):
    """A file that a device downloads; `file_hash` as `SHA1:<40 hexadecimal digits>`, `progress` in percent."""

    timestamp: DateTime
    file_name: str
    file_hash: str | None
    progress: Long
    status: str


class ErrorPage(PagedList):
    """A PagedList of errors."""

    items: list[PlayerError]


class DownloadPage(PagedList):
    """A PagedList of downloads."""

    items: list[PlayerDownload]
