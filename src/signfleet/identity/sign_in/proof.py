"""Asks for proof that the owner of an account is present, before the account's password changes."""

from __future__ import annotations

from typing import Final

from signfleet.foundation.errors import Forbidden
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire.timespan import MINUTE
from signfleet.identity.access import store as queries
from signfleet.identity.access.attempts import Attempts
from signfleet.identity.access.passwords import Passwords
from signfleet.web.caller.session import Session

#: A sign-in by password is recent for this long, in ms.
RECENT: Final = 15 * MINUTE


class PasswordProof:
    """A token alone does not prove its owner: it may have been stolen, or belong to an application."""

    def __init__(self, store: Store, passwords: Passwords, attempts: Attempts) -> None:
        self._store = store
        self._passwords = passwords
        self._attempts = attempts

    async def require(self, session: Session, present: str | None, address: str, now: int) -> None:
        """Return if the present password is given, or the session was opened with it shortly before.

        Raises `Forbidden`, and `Throttled` for callers who guess.
        """
        row = await self._store.one(queries.SIGN_IN_OF_SESSION, id=session.id)
        if row is None:
            raise Forbidden("The session has ended; sign in again.")
        if present is None:
            if row.grant_type == "password" and now - row.creation_date < RECENT:
                return
            raise Forbidden(
                "To change the password, send the present one as 'currentPassword', or sign in with it again: that was"
                f" more than {RECENT // MINUTE} minutes ago, or by other means."
            )
        async with self._attempts.attempt(row.login, address):
            if not await self._passwords.verify(row.password_hash, present):
                raise Forbidden("'currentPassword' is not the present password.")
