"""The Player Error and Player Download entities."""

from __future__ import annotations

from signfleet.fleet.devices.schemas import Entity
from signfleet.foundation.wire.types import DateTime, Long
from signfleet.web.contract.paging import PagedList


class PlayerError(Entity):
    """Something that went wrong; `response_code` is HTTP's, or below zero the player's own."""

    timestamp: DateTime
    error_name: str
    error_event: str
    reason: str | None
    response_code: Long


class PlayerDownload(Entity):
    """A file on its way to a device; `file_hash` as `SHA1:<40 hexadecimal digits>`, `progress` in percent."""

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
