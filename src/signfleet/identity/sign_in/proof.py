"""Requires proof that the owner of an account is present, before the account's password changes."""

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
    """Proof by password: a token alone may be stolen, or belong to an application."""

    def __init__(self, store: Store, passwords: Passwords, attempts: Attempts) -> None:
        self._store = store
        self._passwords = passwords
        self._attempts = attempts

    async def require(self, session: Session, password: str | None, address: str, now: int) -> None:
        """Accepts the current password, or a session that it opened shortly before.

        Raises `Forbidden` otherwise, and `Throttled` for callers who guess.
        """
        row = await self._store.one(queries.SIGN_IN_OF_SESSION, id=session.id)
        if row is None:
            raise Forbidden("The session has ended; sign in again.")
        if password is None:
            if row.grant_type in ("password", "browser") and now - row.creation_date < RECENT:
                return
            raise Forbidden(
                "To change the password, send the current one as 'currentPassword', or sign in with it again: this"
                f" session did not start with it, or more than {RECENT // MINUTE} minutes ago."
            )
        async with self._attempts.attempt(row.login, address):
            if not await self._passwords.verify(row.password_hash, password):
                raise Forbidden("'currentPassword' is not the current password.")
