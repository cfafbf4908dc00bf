"""Setup tokens for operators: with limits, and addressed by an id that is not the token."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.joining import store as queries
from signfleet.fleet.joining.schemas import IssuedSetupToken, NewSetupToken, SetupToken, SetupTokens
from signfleet.fleet.provisioning.service import Provisioning
from signfleet.fleet.provisioning.store import DELETE_SETUP_TOKEN, SETUP_TOKEN, StoredToken
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.tokens import hash_token
from signfleet.identity.audit.recording import AuditEntry, record


class SetupTokenLists:
    """Issues, lists and revokes the setup tokens of a network. Their id is the stored hash."""

    def __init__(self, store: Store, provisioning: Provisioning) -> None:
        self._store = store
        self._provisioning = provisioning

    async def issue(self, network_id: int, new: NewSetupToken, now: int) -> IssuedSetupToken:
        """Issues a setup token and returns it with its text."""
        lifetime = None if new.days is None else new.days * DAY
        issued = await self._provisioning.issue(network_id, now, lifetime=lifetime, max_uses=new.max_uses)
        row = await self._store.one(SETUP_TOKEN, network_id=network_id, hash=hash_token(issued.token), now=now)
        if row is None:
            raise NotFound("The setup token was revoked while it was issued.")
        return IssuedSetupToken(token=issued.token, **_members(row))

    async def page(self, network_id: int, marker: str | None, size: int, now: int) -> SetupTokens:
        """Lists a page of the unexpired ones, the first to expire first. Raises `Invalid` for an unknown marker."""
        valid_to, hash_ = (now, b"") if marker is None else _position(marker)
        rows = await self._store.all(
            queries.SETUP_TOKENS, network_id=network_id, now=now, after_date=valid_to, after_hash=hash_, count=size + 1
        )
        page = rows[:size]
        last = f"{page[-1].valid_to}.{bytes(page[-1].hash).hex()}" if len(rows) > size else None
        return SetupTokens(items=[SetupToken(**_members(row)) for row in page], next_marker=last)

    async def get(self, network_id: int, id_: str, now: int) -> SetupToken:
        """Returns a token that has not expired. Raises `NotFound`."""
        row = await self._store.one(SETUP_TOKEN, network_id=network_id, hash=_hash(id_), now=now)
        if row is None:
            raise NotFound(f"There is no setup token with the id '{id_}' in this network.")
        return SetupToken(**_members(row))

    async def revoke(self, network_id: int, id_: str, now: int) -> None:
        """Revokes a token. Raises `NotFound`."""

        async def work(tx: Transaction) -> int:
            deleted = await tx.execute(DELETE_SETUP_TOKEN, network_id=network_id, hash=_hash(id_), now=now)
            if deleted:
                change = AuditEntry("Revoke", "Token", name=id_, before={"kind": "setup"})
                await record(tx, network_id, change, now)
            return deleted

        if not await self._store.write(work):
            raise NotFound(f"There is no setup token with the id '{id_}' in this network.")


def _members(row: StoredToken) -> dict[str, Any]:
    return {
        "id": bytes(row.hash).hex(),
        "author": row.author,
        "valid_from": datetime.format(row.valid_from),
        "valid_to": datetime.format(row.valid_to),
        "max_uses": row.max_uses,
        "uses": row.uses if row.max_uses is None else row.uses or 0,
    }


def _hash(id_: str) -> bytes:
    """Returns the hash of an id; empty for a malformed id."""
    try:
        return bytes.fromhex(id_) if id_.isascii() and len(id_) == 64 else b""
    except ValueError:
        return b""


def _position(marker: str) -> tuple[int, bytes]:
    date, _, id_ = marker.partition(".")
    hash_ = _hash(id_)
    if not hash_ or not (date.isascii() and date.isdigit() and len(date) < 17):
        raise Invalid("Query parameter 'marker' is not a 'nextMarker' of this list.")
    return int(date), hash_
