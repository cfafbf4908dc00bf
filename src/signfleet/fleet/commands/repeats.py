"""Requests that their callers can repeat after a lost answer, by the header Idempotency-Key."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final, NamedTuple

from signfleet.fleet.commands import record_store as records
from signfleet.foundation.errors import Conflict, Invalid
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.web.caller.actor import acting

#: How many characters an Idempotency-Key may have.
KEY_LIMIT: Final = 255


class Repeatable(NamedTuple):
    """A request that its caller can repeat with the same Idempotency-Key; a repeat gets what the first one created."""

    key: bytes
    body: bytes

    @classmethod
    def of(cls, key: str, body: Any) -> Repeatable:
        """Makes it of the header and the body. Keys of different callers do not meet."""
        if not key.isascii() or not key.isprintable() or len(key) > KEY_LIMIT:
            raise Invalid(f"The header 'Idempotency-Key' has to be 1 to {KEY_LIMIT} printable ASCII characters.")
        return cls(_digest(f"{acting().name}\0{key}".encode()), _digest(encode(body)))

    async def begin(self, tx: Transaction, network_id: int, now: int) -> int | None:
        """Claims the key; returns the id of what an earlier request with it created. Raises `Conflict`."""
        row = {"network_id": network_id, "key": self.key, "body": self.body, "date": now}
        if await tx.execute(records.INSERT_REQUEST, **row, command_id=None, batch_id=None):
            return None
        known = await tx.one(records.REQUEST, network_id=network_id, key=self.key)
        if known is None or known.body != self.body:
            raise Conflict("This Idempotency-Key belongs to another request; use a new one for each command.")
        return known.command_id or known.batch_id

    async def finish(
        self, tx: Transaction, network_id: int, *, command_id: int | None = None, batch_id: int | None = None
    ) -> None:
        """Stores what the request has created."""
        await tx.execute(
            records.SET_REQUEST,
            in_network=network_id,
            this_key=self.key,
            new_command_id=command_id,
            new_batch_id=batch_id,
        )


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()
