"""Answers requests of Remote DWS: checks the caller's rights, relays, and reads what the player answers."""

from __future__ import annotations

from typing import Final

import msgspec

from signfleet.fleet.commands.relay import NotConnected, PlayerRequest, Relay
from signfleet.fleet.commands.store import AnsweredCommand
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice
from signfleet.fleet.remote import store as queries
from signfleet.fleet.remote.last_report import ANSWERS, of_report
from signfleet.fleet.remote.messages import Request, envelope, refusal
from signfleet.fleet.remote.table import route_of
from signfleet.foundation.errors import NotFound
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.json import encode
from signfleet.web.caller.session import Session
from signfleet.web.http.call import Answer

#: The status of a refusal by the player that names none. Clients repeat 5xx, so a player cannot cause one.
REFUSED: Final = 409


class PlayerAnswer(msgspec.Struct):
    """The result of a `relay` command as players send it."""

    status: int = 200
    data: msgspec.Raw = msgspec.Raw(b"null")
    message: str = ""
    #: The file of the command that has the data, where they are too long for a result.
    file: str | None = None


class Remote:
    """Remote control of the players of a network."""

    def __init__(self, store: Store, devices: Devices, relay: Relay) -> None:
        self._store = store
        self._devices = devices
        self._relay = relay

    async def ask(self, session: Session, serial: str, request: Request, now: int) -> Answer:
        """Answers a request to the player of a serial number. Raises `NotFound`, `Forbidden` and `Throttled`."""
        route = route_of(request.method, request.segments)
        if route is None:
            raise NotFound(f"There is no route {request.method} {request.route}; Remote DWS minds letter case.")
        found = await self._devices.find(session, serial, route.operation)
        relayed = PlayerRequest(
            request.method,
            request.path,
            request.data,
            request.query,
            changes=not route.reads,
            restarts=route.restarts,
        )
        try:
            row = await self._relay.ask(session.network, found.id, relayed)
        except NotConnected:
            return await self._while_away(session.network, found, request, now)
        if row is None or row.state in ("expired", "lost", "cancelled"):
            return refusal(request, 504, "timeout", f"The player {found.serial} has not answered in time.")
        return await self._answer(request, row)

    async def _answer(self, request: Request, row: AnsweredCommand) -> Answer:
        """Answers what the player has answered."""
        if row.state == "rejected":
            return refusal(request, 404, "not_supported", "This player offers no remote control.")
        try:
            reply = msgspec.json.decode(row.result or "{}", type=PlayerAnswer)
            if reply.file is not None and reply.status < 300:
                return envelope(request, await self._relay.take_file(row, reply.file))
        except (msgspec.MsgspecError, NotFound):
            return refusal(request, REFUSED, "bad_answer", "The player has answered in a form that is none.")
        if row.state == "succeeded" and 200 <= reply.status < 300:
            return envelope(request, bytes(reply.data))
        status = reply.status if 400 <= reply.status < 500 else REFUSED
        return refusal(request, status, "refused", reply.message or row.message or "The player refuses the request.")

    async def _while_away(self, network_id: int, found: FoundDevice, request: Request, now: int) -> Answer:
        """Answers for a player that is not connected: from its last report, where that says it."""
        name = "/".join(request.segments)
        if request.method == "GET" and name in ANSWERS:
            row = await self._store.one(queries.REPORT, network_id=network_id, device_id=found.id)
            result = None if row is None else of_report(name, row, now)
            if result is not None:
                return envelope(request, encode(result))
        return refusal(request, 404, "not_connected", f"The player {found.serial} is not connected.")
