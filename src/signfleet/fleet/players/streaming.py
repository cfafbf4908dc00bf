"""The event stream of a player: its commands, and the entity tag of its settings."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from signfleet.fleet.commands.delivery.hub import Hub
from signfleet.fleet.commands.delivery.service import Delivery
from signfleet.fleet.devices.document import settings_etag
from signfleet.fleet.players.reporting import Reports
from signfleet.fleet.players.schemas import CurrentSettings
from signfleet.foundation import clock
from signfleet.foundation.errors import Unauthenticated
from signfleet.foundation.wire.json import encode
from signfleet.web.http.event_streams import EventStream, message

#: Milliseconds after which a player connects again.
_RETRY: Final = b"retry: 5000\n\n"
#: Seconds after which a stream looks without having been woken.
LOOK: Final = 60


class PlayerStreams:
    """Pushes to players what waits for them, and what comes later."""

    def __init__(self, hub: Hub, delivery: Delivery, reports: Reports) -> None:
        self._hub = hub
        self._delivery = delivery
        self._reports = reports

    def expect(self, device_id: int) -> None:
        """Notes that a player has just joined, and is about to listen."""
        self._hub.expect(device_id)

    async def pump(self, stream: EventStream, network_id: int, device_id: int) -> None:
        """Pushes everything that waits for a device, then each new command and each change of its settings.

        A command is pushed once in a stream, and again in the next one until the player begins it.
        """
        stream.push(_RETRY)
        etag, sent = "", set[int]()
        with self._hub.waiting(device_id) as woken:
            while True:
                woken.clear()
                try:
                    current = settings_etag(await self._reports.settings(network_id, device_id))
                except Unauthenticated as error:
                    stream.end(error.message)
                    return
                if current != etag:
                    etag = current
                    stream.push(message(encode(CurrentSettings(settings_etag=f'"{etag}"')), kind="settings"))
                waiting = await self._delivery.waiting(network_id, device_id, clock.now())
                for command in waiting:
                    if command.id not in sent:
                        stream.push(message(encode(command), id_=str(command.id), kind="command"))
                sent = {command.id for command in waiting}
                await stream.room()
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), LOOK)
