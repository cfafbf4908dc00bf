"""Why a player may not be the device that it says it is, and what the audit trail has of it."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.foundation.errors import Conflict, Forbidden, SignfleetError
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.actor import acting

#: A player that comes again and again with the same serial, from the same address, leaves one entry in this time.
PERIOD = HOUR
#: So many refusals are remembered; what is not leaves another entry.
REMEMBERED = 10_000


class Known(Conflict):
    """The serial is a device of the network, and the player does not prove to be that."""

    code = "known_device"

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"The serial number '{serial}' is a device of this network already: join again with its 'device_secret',"
            f" or let an operator release it (POST /admin/v1/devices/{serial}/release/)."
        )


class ElsewhereRegistered(Conflict):
    """The serial is a device of another network; nobody learns of which."""

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"The serial number '{serial}' is registered in another network: delete the device there first, use a"
            " setup token of that network, or claim it (POST /admin/v1/serial-claims/)."
        )


class Removed(Forbidden):
    """The device of this serial was deleted, and is to stay so."""

    code = "removed"
    retry_after = 3600

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"The device '{serial}' was deleted from this network, and its serial number is blocked until an operator"
            f" unblocks it (DELETE /admin/v1/blocked-serials/{serial}/)."
        )


class Refusal(NamedTuple):
    """A player that may not join, and why; the device that it would be, and where that was seen last."""

    error: SignfleetError
    serial: str
    device_id: int | None = None
    known_address: str | None = None


class Refusals:
    """Records refusals, each serial and address once in a while; what is remembered is this process's own."""

    def __init__(self) -> None:
        self._recorded: dict[tuple[int, str, str | None], int] = {}

    async def record(self, tx: Transaction, network_id: int, refusal: Refusal, now: int) -> None:
        """Puts a refusal into the audit trail of the network whose setup token was used, with both addresses."""
        address = acting().address
        if now - self._recorded.get((network_id, fold(refusal.serial), address), -PERIOD) < PERIOD:
            return
        after = {"reason": refusal.error.code, "address": address, "knownAddress": refusal.known_address}
        change = AuditEntry("Refuse", "Device", refusal.device_id, refusal.serial, None, after)
        await record(tx, network_id, change, now)

    def remember(self, network_id: int, refusal: Refusal, now: int) -> None:
        """What `record` wrote is in the store."""
        key = (network_id, fold(refusal.serial), acting().address)
        if now - self._recorded.get(key, -PERIOD) < PERIOD:
            return
        if len(self._recorded) >= REMEMBERED:
            self._recorded.clear()
        self._recorded[key] = now
