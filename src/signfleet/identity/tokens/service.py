"""Looks tokens up by their text, and revokes them."""

from __future__ import annotations

from signfleet.foundation.errors import NotFound
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.identity.access import store as queries
from signfleet.identity.access.tokens import hash_token
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.tokens.schemas import TokenInfo, token_info


class Tokens:
    """Access and refresh tokens of people and devices. A token of another owner is not found."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, token: str, now: int) -> queries.LiveToken | None:
        """Returns the row of a token that is neither expired nor used nor revoked."""
        return await self._store.one(queries.LIVE_TOKEN, hash=hash_token(token), now=now)

    async def get_of_person(self, person_id: int, token: str, now: int) -> TokenInfo:
        """Returns one of a person's tokens. Raises `NotFound`."""
        return token_info(token, await self._owned(token, now, person_id=person_id))

    async def revoke_of_person(self, person_id: int, token: str, now: int) -> None:
        """Revokes one of a person's tokens. Raises `NotFound`."""
        await self.revoke(await self._owned(token, now, person_id=person_id), now)

    async def get_of_device(self, network_id: int, device_id: int, token: str, now: int) -> TokenInfo:
        """Returns one of a device's tokens. Raises `NotFound`."""
        return token_info(token, await self._owned(token, now, network_id=network_id, device_id=device_id))

    async def revoke_of_device(self, network_id: int, device_id: int, token: str, now: int) -> None:
        """Revokes one of a device's tokens. Raises `NotFound`."""
        await self.revoke(await self._owned(token, now, network_id=network_id, device_id=device_id), now)

    async def get_of_user(self, network_id: int, user_id: int, token: str, now: int) -> TokenInfo:
        """Returns one of a user's tokens. Raises `NotFound`."""
        return token_info(token, await self._owned(token, now, network_id=network_id, user_id=user_id))

    async def revoke_of_user(self, network_id: int, user_id: int, token: str, now: int) -> None:
        """Revokes one of a user's tokens. Raises `NotFound`."""
        await self.revoke(await self._owned(token, now, network_id=network_id, user_id=user_id), now)

    async def revoke(self, row: queries.LiveToken, now: int) -> None:
        """Ends a token at once. A refresh token ends its whole session, with the access tokens."""

        async def work(tx: Transaction) -> None:
            if row.kind == "refresh":
                ended = await tx.execute(queries.DELETE_SESSION, id=row.session_id)
            else:
                ended = await tx.execute(queries.DELETE_TOKEN, hash=bytes(row.hash))
            if not ended:  # another request was first
                return
            owner = {"kind": row.kind, "personId": row.person_id, "deviceId": row.device_id}
            await record(
                tx,
                row.network_id,
                AuditEntry("Revoke", "Token", name=row.login, before=owner, device_id=row.device_id),
                now,
            )

        await self._store.write(work)

    async def _owned(self, token: str, now: int, **owner: int) -> queries.LiveToken:
        row = await self.find(token, now)
        if row is None or any(getattr(row, column) != value for column, value in owner.items()):
            raise NotFound("The token is expired, revoked or invalid.")
        return row
