"""Reads what the software of players says of itself."""

from __future__ import annotations

import msgspec

from signfleet.fleet.devices.agent import store as queries
from signfleet.fleet.devices.agent.schemas import Agent, FailedPart, SettingsProgress, SettingsState
from signfleet.fleet.devices.document import settings_etag
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.errors import NotFound
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import datetime
from signfleet.web.caller.session import Session

_read_failed = msgspec.json.Decoder(list[FailedPart]).decode


def settings_state(settings: str, applied_etag: str | None, failed: str | None) -> SettingsState:
    """Returns what a player, which applied settings with an entity tag last, has done with the present `settings`."""
    if applied_etag is None:
        return "unknown"
    if applied_etag != settings_etag(settings):
        return "waiting"
    return "applied" if failed is None else "refused"


class Agents:
    """Shows what the software of players says of itself. A device that the caller may not see does not exist."""

    def __init__(self, store: Store, devices: Devices) -> None:
        self._store = store
        self._devices = devices

    async def get(self, session: Session, ref: str) -> Agent:
        """Returns what the player of a device, by id or serial, says of itself. Raises `NotFound`."""
        found = await self._devices.find(session, ref)
        row = await self._store.one(queries.DEVICE_AGENT, network_id=session.network, device_id=found.id)
        if row is None:
            raise NotFound.in_network("device", ref)
        return Agent(
            can=None if row.can is None else msgspec.json.decode(row.can, type=list[str]),
            settings=SettingsProgress(
                state=settings_state(row.settings, row.applied_etag, row.failed),
                settings_etag=f'"{settings_etag(row.settings)}"',
                applied_etag=None if row.applied_etag is None else f'"{row.applied_etag}"',
                date=None if row.applied_date is None else datetime.format(row.applied_date),
                failed=[] if row.failed is None else _read_failed(row.failed),
            ),
        )

    async def can(self, session: Session, ref: str) -> list[str] | None:
        """Returns the commands that the player of a device can do, None if it has not said. Raises `NotFound`."""
        return (await self.get(session, ref)).can
