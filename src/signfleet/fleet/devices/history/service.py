"""Lists the errors and downloads of a device, the newest first."""

from __future__ import annotations

from signfleet.fleet.devices.history import store as queries
from signfleet.fleet.devices.history.catalogue import DOWNLOADS, ERRORS
from signfleet.fleet.devices.history.schemas import PlayerDownload, PlayerError
from signfleet.fleet.devices.history.store import DownloadRow, ErrorRow
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_DOWNLOADS
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page


class DeviceHistory:
    """Lists the errors and downloads of single devices. Methods raise `NotFound`, `Forbidden`, `Invalid`."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._devices = devices
        self._errors = Collection(store, ERRORS, queries.ERROR_COLUMNS)
        self._downloads = Collection(store, DOWNLOADS, queries.DOWNLOAD_COLUMNS)

    async def errors(self, session: Session, ref: str, query: ListQuery) -> Page:
        """Returns a page of the errors of a device."""
        found = await self._devices.find(session, ref, VIEW_DEVICE)
        errors = await self._errors.find(session.network, query, queries.errors_of(found.id))
        return errors.page([encode(_error(row)) for row in errors.rows])

    async def downloads(self, session: Session, ref: str, query: ListQuery) -> Page:
        """Returns a page of the downloads of a device, finished or not."""
        found = await self._devices.find(session, ref, VIEW_DOWNLOADS)
        downloads = await self._downloads.find(session.network, query, queries.downloads_of(found.id))
        return downloads.page([encode(_download(row)) for row in downloads.rows])


def _error(row: ErrorRow) -> PlayerError:
    return PlayerError(
        timestamp=datetime.format(row.timestamp),
        error_name=row.name,
        error_event=row.event,
        reason=row.reason if row.count == 1 else f"{row.reason or ''} ({row.count} times)".lstrip(),
        response_code=row.response_code,
    )


def _download(row: DownloadRow) -> PlayerDownload:
    return PlayerDownload(
        timestamp=datetime.format(row.timestamp),
        file_name=row.file_name,
        file_hash=row.file_hash,
        progress=row.progress,
        status=row.status,
    )
