"""How a device proves itself: the secret that it got when it joined, inside units of work.

A player may join again without its secret only where it cannot have it:

    not received    nothing was used of what came with the secret, so the answer may have been lost
    released        an operator has let the serial join again
    protocol 1      the network allows players of the protocol's first version, and this one has never shown its secret
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NamedTuple

from signfleet.fleet.joining import store as queries
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.web.caller.actor import acting


class DeviceSecret(NamedTuple):
    """A row of `device_secret`. Without one a device joined before there were secrets, and has none."""

    hash: bytes | None = None
    issue_date: int = 0
    is_received: bool = True
    is_presented: bool = False
    address: str | None = None

    def is_proved_by(self, secret: str | None) -> bool:
        """Whether this is the secret."""
        return secret is not None and self.hash is not None and compare_digest(self.hash, hash_token(secret))

    def presented(self) -> DeviceSecret:
        """The player has proved itself, from the address of the present call."""
        return self._replace(is_received=True, is_presented=True, address=acting().address)

    def released(self) -> DeviceSecret:
        """The next player that comes may be the device."""
        return self._replace(hash=None, is_received=False)

    def seen(self) -> DeviceSecret:
        """The player has got tokens, at the address of the present call."""
        return self._replace(address=acting().address)


def issue(now: int) -> tuple[str, DeviceSecret]:
    """A new secret, and what the store knows of it."""
    secret = new_token()
    return secret, DeviceSecret(hash_token(secret), now, is_received=False, address=acting().address)


async def lock(tx: Transaction, network_id: int, device_id: int) -> DeviceSecret:
    """Locks and reads the secret of a device, whose own row is locked already."""
    row = await tx.one(queries.SECRET_TO_CHANGE, network_id=network_id, device_id=device_id)
    if row is None:
        return DeviceSecret()
    hash_ = None if row.hash is None else bytes(row.hash)
    return DeviceSecret(hash_, row.issue_date, bool(row.is_received), bool(row.is_presented), row.address)


async def save(tx: Transaction, network_id: int, device_id: int, secret: DeviceSecret) -> None:
    """Writes the secret of a device."""
    await tx.execute(queries.PUT_SECRET, network_id=network_id, device_id=device_id, **secret._asdict())
