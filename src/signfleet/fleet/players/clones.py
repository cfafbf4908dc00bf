"""Records signs that two machines use the credentials of one device, as after the card of a player was cloned.

The server cannot distinguish them, so both still get tokens, and each ends the sessions of the other.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from signfleet.fleet.players.store import TokenDevice
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.notify.events import kinds, recording
from signfleet.web.caller.actor import act_under, acting

#: Two addresses alternate if the first returns within this time (ms); a device gets one audit entry per such period.
PERIOD: Final = HOUR
#: A table has at most this many devices; one that was evicted may get a second audit entry.
CACHE_SIZE: Final = 10_000


class Sign(NamedTuple):
    """Why a call looks like one of a clone, and the address that the device used before."""

    reason: Literal["reused_refresh_token", "secret_used_by_turns"]
    known_address: str | None


class Clones:
    """Puts signs of clones into the audit trail. Each process has tables of its own."""

    def __init__(self) -> None:
        self._recorded: dict[tuple[int, str], int] = {}
        #: For each device: the address that its secret came from before the present one, and when that changed (ms).
        self._left: dict[int, tuple[str | None, int]] = {}

    def alternates(self, device_id: int, known_address: str | None, now: int) -> bool:
        """Returns whether a secret comes from the address that it left for the known one less than `PERIOD` ago."""
        left, since = self._left.get(device_id, (None, 0))
        address = acting().address
        return address is not None and address == left != known_address and now - since < PERIOD

    async def record(self, tx: Transaction, device: TokenDevice, sign: Sign, now: int) -> None:
        """Writes an audit entry for a sign, at most one per device and `PERIOD`."""
        if now - self._recorded.get((device.id, sign.reason), -PERIOD) < PERIOD:
            return
        act_under(f"player {device.serial}")
        after = {"reason": sign.reason, "address": acting().address, "knownAddress": sign.known_address}
        change = AuditEntry("Revoke", "Token", None, device.serial, None, after, device.id)
        await record(tx, device.network_id, change, now)
        data = kinds.DuplicateSerial(address=acting().address, known_address=sign.known_address)
        await recording.record(tx, device.network_id, recording.Event(data, device.id, device.serial), now=now)

    def note_recorded(self, device_id: int, sign: Sign, now: int) -> None:
        """Notes that the transaction in which `record` wrote has been committed."""
        key = (device_id, sign.reason)
        if now - self._recorded.get(key, -PERIOD) >= PERIOD:
            if len(self._recorded) >= CACHE_SIZE:
                self._recorded.clear()
            self._recorded[key] = now

    def note_address(self, device_id: int, known_address: str | None, now: int) -> None:
        """Notes the known address of a device whose secret comes from another one."""
        if known_address != acting().address:
            if len(self._left) >= CACHE_SIZE:
                self._left.clear()
            self._left[device_id] = (known_address, now)
