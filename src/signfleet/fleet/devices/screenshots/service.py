"""Lists pictures of what devices show: of one, or of all that the caller may see."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.fleet.devices.screenshots import store as queries
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.fleet.devices.screenshots.schemas import ScreenShot
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.expressions.listing import Top
from signfleet.foundation.expressions.parser import parse_projection
from signfleet.foundation.storage.interface import Row, Store
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_SCREENSHOTS
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page


class LinkMaker(NamedTuple):
    """Makes links to files as the caller addresses this server; `now` is in ms."""

    links: Links
    base_url: str
    now: int

    def url(self, name: str) -> str:
        return self.base_url + self.links.path(name, self.now)


class ScreenshotLists:
    """Lists raise `NotFound`, `Forbidden`, `Invalid`."""

    def __init__(self, store: Store, devices: Devices, permissions: Permissions) -> None:
        self._devices = devices
        self._permissions = permissions
        self._pictures = Collection(store, SCREENSHOTS, queries.COLUMNS)

    async def of_device(self, session: Session, segment: str, query: ListQuery, links: LinkMaker) -> Page:
        """The pictures of one device."""
        found = await self._devices.find(session, segment, VIEW_SCREENSHOTS)
        pictures = await self._pictures.find(session.network, query, queries.of_device(found.id))
        return pictures.page([encode(_entity(links, row)) for row in pictures.rows])

    async def of_network(
        self, session: Session, query: ListQuery, projection: str | None, grouping: str | None, links: LinkMaker
    ) -> Page:
        """The pictures of all devices; of each group, or of all, only the first that a projection admits."""
        group = SCREENSHOTS.grouping(grouping)
        top = Top(parse_projection(projection), group) if projection and projection.strip() else None
        visible = await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
        viewable = await self._permissions.scope(session, VIEW_SCREENSHOTS, queries.DEVICE_ID)
        pictures = await self._pictures.find(session.network, query, visible & viewable, top)
        return pictures.page([encode(_entity(links, row)) for row in pictures.rows])


def _entity(links: LinkMaker, row: Row) -> ScreenShot:
    """As the contract shows it: time stamps to the second."""
    return ScreenShot(
        id=row.id,
        device=DeviceReference(id=row.device_id, serial=row.serial),
        group_name=row.group_name,
        presentation_name=row.presentation_name,
        utc_timestamp=datetime.format(row.utc_timestamp // 1000 * 1000),
        local_timestamp=datetime.format_wall_clock(row.local_timestamp),
        width=row.width,
        height=row.height,
        file_path=links.url(row.blob),
        file_size=row.file_size,
        thumb_path=links.url(row.thumbnail),
    )
