"""Lists what has happened on a device, the newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signfleet.access.operations.catalogue import VIEW_DEVICE, VIEW_DOWNLOADS
from signfleet.access.sessions import Session
from signfleet.devices.events import store as queries
from signfleet.devices.events.schemas import PlayerDownload, PlayerError
from signfleet.devices.service import Devices
from signfleet.expressions.catalogues import DOWNLOADS, ERRORS
from signfleet.expressions.listing import Listing, Scope
from signfleet.http.call import encode
from signfleet.http.paging import ListQuery, Page
from signfleet.storage.interface import Row, Store
from signfleet.wire import datetime


class Events:
    """The errors and downloads of single devices. Lists raise `NotFound`, `Forbidden`, `Invalid`."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices
        self._errors = Listing(ERRORS, queries.ERROR_COLUMNS)
        self._downloads = Listing(DOWNLOADS, queries.DOWNLOAD_COLUMNS)

    async def errors(self, session: Session, segment: str, query: ListQuery) -> Page:
        """What went wrong on a device."""
        found = await self._devices.find(session, segment, VIEW_DEVICE)
        return await self._page(self._errors, session, queries.errors_of(found.id), query, _error)

    async def downloads(self, session: Session, segment: str, query: ListQuery) -> Page:
        """What a device has downloaded, or does at the moment."""
        found = await self._devices.find(session, segment, VIEW_DOWNLOADS)
        return await self._page(self._downloads, session, queries.downloads_of(found.id), query, _download)

    async def _page(
        self, listing: Listing, session: Session, scope: Scope, query: ListQuery, entity: Callable[[Row], Any]
    ) -> Page:
        network_id = session.network_id
        assert network_id is not None
        parsed, order = listing.catalogue.filter(query.filter), listing.catalogue.sort(query.sort)
        page = await listing.page(
            self._store,
            network_id,
            filter=parsed,
            sort=order,
            position=order.position(query.marker),
            size=query.size,
            scope=scope,
        )
        total = await listing.count(self._store, network_id, filter=None, scope=scope)
        matching = total
        if parsed is not None:
            matching = await listing.count(self._store, network_id, filter=parsed, scope=scope)
        items = [encode(entity(row)) for row in page.rows]
        return Page(items, total, matching, page.next_marker, order.echo, parsed.echo if parsed else None)


def _error(row: Row) -> PlayerError:
    return PlayerError(
        timestamp=datetime.format(row.timestamp),
        error_name=row.name,
        error_event=row.event,
        reason=row.reason,
        response_code=row.response_code,
    )


def _download(row: Row) -> PlayerDownload:
    return PlayerDownload(
        timestamp=datetime.format(row.timestamp),
        file_name=row.file_name,
        file_hash=row.file_hash,
        progress=row.progress,
        status=row.status,
    )
