"""Lists the health of devices with its reason, its history, and the uptime."""

from __future__ import annotations

from signfleet.fleet.devices.agent.service import settings_state
from signfleet.fleet.devices.screenshots.service import LinkMaker
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.health import reading_store as queries
from signfleet.fleet.health.catalogue import HEALTHS, PERIODS
from signfleet.fleet.health.changes import reason_of
from signfleet.fleet.health.rules import Reason
from signfleet.fleet.health.schemas import (
    DeviceHealth,
    DeviceHealthDetails,
    HealthGroup,
    HealthPeriod,
    HealthPicture,
    WordedReason,
)
from signfleet.fleet.health.uptime import read_uptimes
from signfleet.fleet.health.wording import describe
from signfleet.foundation.errors import NotFound
from signfleet.foundation.expressions.query_cache import QueryCache
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import VIEW_SCREENSHOTS
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page


class HealthLists:
    """Reads the health of devices. A device that the caller may not see does not exist for the caller."""

    def __init__(self, store: Store, devices: Devices, permissions: Permissions) -> None:
        self._store = store
        self._devices = devices
        self._permissions = permissions
        self._all = Collection(store, HEALTHS, counter=self._total)
        self._periods = Collection(store, PERIODS, queries.PERIOD_COLUMNS)
        self._queries = QueryCache()

    async def list_(self, session: Session, query: ListQuery, links: LinkMaker) -> Page:
        """Returns a page of the health of the devices that the caller may see."""
        found = await self._all.find(session.network, query, await self._devices.scope(session))
        rows = {row.id: row for row in await self._rows(session, found.ids)}
        return found.page([encode(_entity(rows[id_], links)) for id_ in found.ids if id_ in rows])

    async def count(self, session: Session, filter_: str | None) -> int:
        """Counts the devices that match."""
        return await self._all.count(session.network, filter_, await self._devices.scope(session))

    async def get(self, session: Session, ref: str, links: LinkMaker) -> DeviceHealthDetails:
        """Returns the health of a device by id or serial, with its uptime. Raises `NotFound`."""
        found = await self._devices.find(session, ref)
        rows = await self._rows(session, [found.id])
        if not rows:
            raise NotFound.in_network("device", ref)
        entity = _entity(rows[0], links)
        members = {name: getattr(entity, name) for name in entity.__struct_fields__}
        return DeviceHealthDetails(**members, uptime=await read_uptimes(self._store, rows[0], links.now))

    async def periods(self, session: Session, ref: str, query: ListQuery, now: int) -> Page:
        """Returns a page of the earlier periods of a device, the last one first. Raises `NotFound`."""
        found = await self._devices.find(session, ref)
        periods = await self._periods.find(session.network, query, queries.periods_of(found.id))
        return periods.page([encode(_period(row, now)) for row in periods.rows])

    async def _rows(self, session: Session, ids: list[int]) -> list[queries.HealthRow]:
        pictures = await self._permissions.scope(session, VIEW_SCREENSHOTS, queries.DEVICE_ID)
        query = self._queries.get((pictures.name,), lambda: queries.healths(pictures))
        return await self._store.all(query, network_id=session.network, ids=ids, **pictures.parameters)

    async def _total(self, network_id: int) -> int:
        row = await self._store.one(counters.TOTAL, network_id=network_id, entity="Device")
        return row.total if row else 0


def _entity(row: queries.HealthRow, links: LinkMaker) -> DeviceHealth:
    picture = None
    if row.picture_date is not None and row.thumbnail is not None and row.blob is not None:
        link = links.picture(row.blob, row.thumbnail)
        picture = HealthPicture(date=datetime.format(row.picture_date), link=link, look=row.look)
    return DeviceHealth(
        id=row.id,
        serial=row.serial,
        name=row.name,
        model=row.model,
        group=HealthGroup(id=row.group_id, name=row.group_name),
        health=row.health,
        reason=_worded(reason_of(row), links.now),
        since=datetime.format(row.health_since),
        last_report=None if row.status_date is None else datetime.format(row.status_date),
        picture=picture,
        settings="unknown" if row.settings is None else settings_state(row.settings, row.applied_etag, row.failed),
    )


def _period(row: queries.PeriodRow, now: int) -> HealthPeriod:
    reason = Reason(row.reason, row.reason_date, row.reason_subject, row.reason_number) if row.reason else None
    return HealthPeriod(
        since=datetime.format(row.since_date),
        until=datetime.format(row.until_date),
        health=row.health,
        reason=_worded(reason, row.until_date),
    )


def _worded(reason: Reason | None, now: int) -> WordedReason | None:
    if reason is None:
        return None
    return WordedReason(
        code=reason.code,
        date=None if reason.date is None else datetime.format(reason.date),
        subject=reason.subject,
        free_percent=reason.number,
        text=describe(reason, now),
    )
