"""Device secrets, which prove that a player is a device. All functions run inside transactions.

A player may register again without its secret only if it cannot have it:

    not received    nothing from the answer with the secret was used, so the answer may have been lost
    released        an operator has released the device
    protocol 1      the network admits players of protocol version 1, and this one has never sent its secret
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NamedTuple

from signfleet.fleet.joining import store as queries
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.web.caller.actor import acting


class DeviceSecret(NamedTuple):
    """A row of `device_secret`. The defaults stand for no row: the device joined before secrets existed."""

    hash: bytes | None = None
    issue_date: int = 0
    is_received: bool = True
    is_presented: bool = False
    address: str | None = None

    def is_proved_by(self, secret: str | None) -> bool:
        """Returns whether `secret` is the device's; compares in constant time."""
        return secret is not None and self.hash is not None and compare_digest(self.hash, hash_token(secret))

    def presented(self) -> DeviceSecret:
        """Notes that the player has sent its secret, from the address of the present call."""
        return self._replace(is_received=True, is_presented=True, address=acting().address)

    def released(self) -> DeviceSecret:
        """Forgets the secret, so that the next player with the serial gets a new one."""
        return self._replace(hash=None, is_received=False)

    def seen(self) -> DeviceSecret:
        """Notes that the player gets tokens at the address of the present call."""
        return self._replace(address=acting().address)


def issue(now: int) -> tuple[str, DeviceSecret]:
    """Returns a new secret, and its row."""
    secret = new_token()
    return secret, DeviceSecret(hash_token(secret), now, is_received=False, address=acting().address)


async def lock(tx: Transaction, network_id: int, device_id: int) -> DeviceSecret:
    """Locks and reads the secret of a device, whose own row is locked already."""
    row = await tx.one(queries.LOCK_SECRET, network_id=network_id, device_id=device_id)
    if row is None:
        return DeviceSecret()
    hash_ = None if row.hash is None else bytes(row.hash)
    return DeviceSecret(hash_, row.issue_date, bool(row.is_received), bool(row.is_presented), row.address)


async def save(tx: Transaction, network_id: int, device_id: int, secret: DeviceSecret) -> None:
    """Writes the secret of a device."""
    await tx.execute(queries.PUT_SECRET, network_id=network_id, device_id=device_id, **secret._asdict())
