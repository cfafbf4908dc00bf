"""Opens and renews sessions, and issues their tokens, in the caller's transaction."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire import timespan
from signfleet.identity.access import store as queries
from signfleet.identity.access.tokens import hash_token, new_token

#: How long a session, and with it the chosen network, lasts after each refresh, in ms.
SESSION_LIFETIME: Final = timespan.DAY


class Lifetimes(NamedTuple):
    """The lifetimes of new tokens in ms; `refresh` is None to issue no refresh token.

    With `idle`, the session ends so long after its last use, even before its tokens.
    """

    access: int
    refresh: int | None = None
    idle: int | None = None

    def session_end(self, now: int) -> int:
        """Returns when a session with these tokens ends: never before its tokens, unless it is idle."""
        if self.idle is not None:
            return now + min(self.idle, self.access)
        return now + max(SESSION_LIFETIME, self.access, self.refresh or 0)

    def within(self, limit: int) -> Lifetimes:
        """Returns the lifetimes, cut to at most `limit` ms."""
        refresh = None if self.refresh is None else min(self.refresh, limit)
        return Lifetimes(min(self.access, limit), refresh, self.idle)


class IssuedTokens(NamedTuple):
    """New tokens. Dates are ms."""

    session_id: int
    access_token: str
    refresh_token: str | None
    scope: str
    issued: int
    expires: int

    @property
    def expires_in(self) -> int:
        """Returns the lifetime of the access token in whole seconds."""
        return (self.expires - self.issued) // 1000


async def open_session(
    tx: Transaction,
    *,
    scope: str,
    lifetimes: Lifetimes,
    now: int,
    person_id: int | None = None,
    application_id: int | None = None,
    network_id: int | None = None,
    user_id: int | None = None,
    device_id: int | None = None,
    grant_type: str | None = None,
    address: str | None = None,
) -> IssuedTokens:
    """Opens a session for a person, application or device, and issues its first tokens."""
    session_id = await tx.next_id("session")
    await tx.execute(
        queries.INSERT_SESSION,
        id=session_id,
        person_id=person_id,
        application_id=application_id,
        network_id=network_id,
        user_id=user_id,
        device_id=device_id,
        scope=scope,
        creation_date=now,
        last_modified_date=now,
        expiration_date=lifetimes.session_end(now),
        grant_type=grant_type,
        address=address,
        last_used_date=now,
    )
    return await _issue(tx, session_id, scope, lifetimes, now)


class RefusedToken(NamedTuple):
    """Why a refresh token does not work. `expired` is the one case that clients recognise."""

    reason: str
    expired: bool = False


async def use_refresh_token(tx: Transaction, refresh_token: str, now: int) -> queries.RefreshToken | RefusedToken:
    """Marks a refresh token as used, and returns its row for `renew`.

    A token that is used twice may be stolen: its session ends with all its tokens. The function returns the refusal,
    since an exception would roll that back.
    """
    key = hash_token(refresh_token)
    row = await tx.one(queries.REFRESH_TOKEN, hash=key)
    if row is not None:
        await tx.one(queries.LOCK_SESSION, id=row.session_id)
        row = await tx.one(queries.REFRESH_TOKEN, hash=key)
    if row is None:
        return RefusedToken("The refresh token is unknown or was revoked.")
    if row.used_date is None and row.valid_to <= now:
        return RefusedToken("The refresh token has expired.", expired=True)
    if row.used_date is not None or not await tx.execute(queries.MARK_USED, token_hash=key, now=now):
        await tx.execute(queries.DELETE_SESSION, id=row.session_id)
        return RefusedToken("The refresh token was used before; all tokens of its session are revoked.")
    return row


async def renew(
    tx: Transaction, session_id: int, *, scope: str, lifetimes: Lifetimes, now: int, address: str | None = None
) -> IssuedTokens:
    """Issues new tokens for a session, and ends its access tokens."""
    await tx.execute(queries.DELETE_ACCESS_TOKENS, session_id=session_id)
    until = lifetimes.session_end(now)
    await tx.execute(queries.RENEW_SESSION, session_id=session_id, now=now, until=until, renewed_at=address)
    return await _issue(tx, session_id, scope, lifetimes, now)


async def _issue(tx: Transaction, session_id: int, scope: str, lifetimes: Lifetimes, now: int) -> IssuedTokens:
    access_token = new_token()
    refresh_token = None if lifetimes.refresh is None else new_token()
    for kind, token, lifetime in (
        ("access", access_token, lifetimes.access),
        ("refresh", refresh_token, lifetimes.refresh),
    ):
        if token is not None and lifetime is not None:
            await tx.execute(
                queries.INSERT_TOKEN,
                hash=hash_token(token),
                kind=kind,
                session_id=session_id,
                network_id=None,
                scope=scope,
                valid_from=now,
                valid_to=now + lifetime,
                used_date=None,
            )
    return IssuedTokens(session_id, access_token, refresh_token, scope, now, now + lifetimes.access)
