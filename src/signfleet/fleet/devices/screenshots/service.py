"""Lists the screenshots of one device, or of all devices that the caller may see."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.fleet.devices.screenshots import store as queries
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.fleet.devices.screenshots.schemas import ScreenShot
from signfleet.fleet.devices.screenshots.store import ScreenshotRow
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.subscriptions.schemas import DeviceReference
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.expressions.pages import Top
from signfleet.foundation.expressions.parser import parse_projection
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_SCREENSHOTS
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page


class LinkMaker(NamedTuple):
    """Signs links to files, under the address by which the caller reached this server; `now` is in ms.

    Pictures are thumbnails, or with a `side` larger ones: a key of `sized.SIDES`.
    """

    links: Links
    base_url: str
    now: int
    side: str | None = None

    def picture(self, blob: str, thumbnail: str) -> str:
        return self.url(thumbnail if self.side is None else f"{self.side}/{blob}")

    def url(self, name: str) -> str:
        return self.base_url + self.links.path(name, self.now)


class ScreenshotLists:
    """Lists screenshots. Methods raise `NotFound`, `Forbidden`, `Invalid`."""

    def __init__(self, store: Store, devices: Devices, permissions: Permissions) -> None:
        self._devices = devices
        self._permissions = permissions
        self._screenshots = Collection(store, SCREENSHOTS, queries.COLUMNS)

    async def of_device(self, session: Session, ref: str, query: ListQuery, links: LinkMaker) -> Page:
        """Returns a page of the screenshots of one device."""
        device = await self._devices.find(session, ref, VIEW_SCREENSHOTS)
        found = await self._screenshots.find(session.network, query, queries.of_device(device.id))
        return found.page([encode(_entity(links, row)) for row in found.rows])

    async def of_network(
        self, session: Session, query: ListQuery, projection: str | None, grouping: str | None, links: LinkMaker
    ) -> Page:
        """Returns a page of the screenshots of all devices; of each group only as many as the projection admits."""
        group = SCREENSHOTS.grouping(grouping)
        top = Top(parse_projection(projection), group) if projection and projection.strip() else None
        visible = await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
        viewable = await self._permissions.scope(session, VIEW_SCREENSHOTS, queries.DEVICE_ID)
        found = await self._screenshots.find(session.network, query, visible & viewable, top)
        return found.page([encode(_entity(links, row)) for row in found.rows])


def _entity(links: LinkMaker, row: ScreenshotRow) -> ScreenShot:
    """Returns the entity of the contract, which shows timestamps to the second."""
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
