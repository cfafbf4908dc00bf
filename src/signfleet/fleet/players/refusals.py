"""The reasons to refuse a player that registers, and their audit entries."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.foundation.errors import Conflict, Forbidden, SignfleetError
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.actor import acting

#: A serial and address get one audit entry per such period (ms), however often the player retries.
PERIOD = HOUR
#: The table has at most this many refusals; one that was evicted may get a second audit entry.
CACHE_SIZE = 10_000


class KnownDevice(Conflict):
    """The network has a device of this serial, and the player does not prove that it is this device."""

    code = "known_device"

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"The serial number '{serial}' belongs to a device of this network: register again with its"
            f" 'device_secret', or let an operator release it (POST /admin/v1/devices/{serial}/release/)."
        )


class RegisteredElsewhere(Conflict):
    """Another network has a device of this serial; the message does not name the network."""

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"The serial number '{serial}' is registered in another network: delete the device there first, use a"
            " setup token of that network, or claim it (POST /admin/v1/serial-claims/)."
        )


class RemovedDevice(Forbidden):
    """The device of this serial was deleted, and the network blocks the serial."""

    code = "removed"
    retry_after = 3600

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"The device '{serial}' was deleted from this network, and its serial number is blocked until an operator"
            f" unblocks it (DELETE /admin/v1/blocked-serials/{serial}/)."
        )


class NotListed(Forbidden):
    """No provisioning record admits this serial. The message is the same whatever the reason."""

    code = "not_listed"
    retry_after = 300

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"No provisioning record lets the player '{serial}' join here; the operator of the network finds the reason"
            " in its audit trail or in the server's log."
        )


class UnusableRecord(Forbidden):
    """The provisioning record of a serial names a setup that admits no player."""

    code = "unusable_record"


class Refusal(NamedTuple):
    """Why a player may not join; with the known device of its serial, and the address that this was last seen at."""

    error: SignfleetError
    serial: str
    device_id: int | None = None
    known_address: str | None = None


class Refusals:
    """Records refusals, at most one per serial, address and `PERIOD`. Each process has a table of its own."""

    def __init__(self) -> None:
        self._recorded: dict[tuple[int, str, str | None], int] = {}

    async def record(self, tx: Transaction, network_id: int, refusal: Refusal, now: int) -> None:
        """Writes an audit entry with both addresses for the network of the setup token."""
        address = acting().address
        if now - self._recorded.get((network_id, fold(refusal.serial), address), -PERIOD) < PERIOD:
            return
        after = {"reason": refusal.error.code, "address": address, "knownAddress": refusal.known_address}
        if isinstance(refusal.error, UnusableRecord):
            after["message"] = refusal.error.message
        change = AuditEntry("Refuse", "Device", refusal.device_id, refusal.serial, None, after)
        await record(tx, network_id, change, now)
        if isinstance(refusal.error, UnusableRecord):
            return
        event = recording.Event(_event_of(refusal, address), refusal.device_id, refusal.serial)
        await recording.record(tx, network_id, event, now=now)

    def note_recorded(self, network_id: int, refusal: Refusal, now: int) -> None:
        """Notes that the transaction in which `record` wrote has been committed."""
        key = (network_id, fold(refusal.serial), acting().address)
        if now - self._recorded.get(key, -PERIOD) < PERIOD:
            return
        if len(self._recorded) >= CACHE_SIZE:
            self._recorded.clear()
        self._recorded[key] = now


def _event_of(refusal: Refusal, address: str | None) -> kinds.EventData:
    if isinstance(refusal.error, KnownDevice):
        return kinds.SecretRefused(address=address, known_address=refusal.known_address)
    if isinstance(refusal.error, RemovedDevice):
        return kinds.BlockedSerialRefused(address=address)
    return kinds.DuplicateSerial(address=address)
