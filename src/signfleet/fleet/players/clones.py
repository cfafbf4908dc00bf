"""Notes that two machines use what belongs to one device: a card that was cloned after its player had joined.

Neither can be told from the other, so both go on to get tokens, and each ends the sessions of the other.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from signfleet.foundation.storage.interface import Row, Transaction
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.actor import act_under, acting

#: Two addresses take turns if the first comes back within this time; a device leaves one entry in it, in ms.
PERIOD: Final = HOUR
#: So many devices are remembered; what is not leaves another entry.
REMEMBERED: Final = 10_000


class Sign(NamedTuple):
    """Why a session of a device ended that points to a clone, and where the device was before."""

    reason: Literal["reused_refresh_token", "secret_used_by_turns"]
    known_address: str | None


class Clones:
    """Puts signs of a clone into the audit trail; what is remembered is this process's own."""

    def __init__(self) -> None:
        self._recorded: dict[tuple[int, str], int] = {}
        #: Where the secret of a device came from before its present address, and until when.
        self._left: dict[int, tuple[str | None, int]] = {}

    def takes_turns(self, device_id: int, known_address: str | None, now: int) -> bool:
        """Whether a device's secret comes back to an address that it left for the known one a while ago."""
        left, since = self._left.get(device_id, (None, 0))
        address = acting().address
        return address is not None and address == left != known_address and now - since < PERIOD

    async def record(self, tx: Transaction, device: Row, sign: Sign, now: int) -> None:
        """Records a sign for a device, a row with network, id and serial, once in a while."""
        if now - self._recorded.get((device.id, sign.reason), -PERIOD) < PERIOD:
            return
        act_under(f"player {device.serial}")
        after = {"reason": sign.reason, "address": acting().address, "knownAddress": sign.known_address}
        change = AuditEntry("Revoke", "Token", None, device.serial, None, after, device.id)
        await record(tx, device.network_id, change, now)

    def remember(self, device_id: int, sign: Sign, now: int) -> None:
        """Notes that what `record` wrote is in the store."""
        key = (device_id, sign.reason)
        if now - self._recorded.get(key, -PERIOD) >= PERIOD:
            if len(self._recorded) >= REMEMBERED:
                self._recorded.clear()
            self._recorded[key] = now

    def moved(self, device_id: int, known_address: str | None, now: int) -> None:
        """Notes that a device's secret came from another address than the known one."""
        if known_address != acting().address:
            if len(self._left) >= REMEMBERED:
                self._left.clear()
            self._left[device_id] = (known_address, now)
