"""Finds the session of an access token."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from signfleet.foundation.errors import Unauthenticated
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.identity.access import store as queries
from signfleet.identity.access.tokens import hash_token
from signfleet.web.caller.session import Session

#: How many checked tokens are cached.
CACHE_LIMIT = 100_000


class _Checked(msgspec.Struct, frozen=True, gc=False):
    """A session as it is in one version of the store."""

    session: Session
    valid_to: int
    version: int


class Sessions:
    """Looks tokens up, and caches them until anything is written to the store.

    So a revoked token, a locked user or a changed role takes effect with the next request, in every process.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        # By the token itself, which is in this process's memory anyway during each request.
        self._checked: dict[str, _Checked] = {}

    def cached(self, token: str, now: int) -> Session | None:
        """Returns the session of an access token that was checked since the last write, if it has not expired."""
        checked = self._checked.get(token)
        is_current = checked is not None and checked.version == self._store.version() and now < checked.valid_to
        return checked.session if checked is not None and is_current else None

    async def authenticate(self, token: str, now: int) -> Session:
        """Returns the session of an access token. Raises `Unauthenticated`."""
        version = self._store.version()
        checked = self._checked.get(token)
        if checked is None or checked.version != version:
            row = await self._store.one(queries.SESSION_OF_TOKEN, hash=hash_token(token))
            checked = None
            if row is not None:
                # An idle session ends before its token.
                checked = _Checked(_session(row, now), min(row.valid_to, row.expiration_date), version)
            if row is not None and row.device_id is not None and row.used_date is None and now < row.valid_to:
                await self._use_first(row, token, now)
            if checked is None:
                self._checked.pop(token, None)
                raise Unauthenticated("The access token is unknown or was revoked.")
            if len(self._checked) >= CACHE_LIMIT:
                self._checked.clear()
            self._checked[token] = checked
        return _unexpired(checked, now)

    async def authenticate_again(self, known: Sequence[tuple[str, int]], now: int) -> list[Session | Unauthenticated]:
        """Returns the sessions of access tokens, given with the ids of their sessions, or why they end.

        One statement answers for all tokens that are not cached.
        """
        version = self._store.version()
        current: dict[str, _Checked] = {}
        for token, _ in known:
            checked = self._checked.get(token)
            if checked is not None and checked.version == version:
                current[token] = checked
        unsure = [id_ for token, id_ in known if token not in current]
        rows = await self._store.all(queries.SESSIONS_OF_TOKENS, ids=unsure) if unsure else []
        by_hash = {bytes(row.hash): row for row in rows}
        found: list[Session | Unauthenticated] = []
        for token, _ in known:
            try:
                checked = current.get(token) or _check(by_hash.get(hash_token(token)), now, version)
                if token in self._checked:
                    self._checked[token] = checked
                found.append(_unexpired(checked, now))
            except Unauthenticated as error:
                found.append(error)
        return found

    async def _use_first(self, row: queries.SessionOfToken, token: str, now: int) -> None:
        """Records that a player has received its newest tokens and secret, which ends the previous ones."""

        async def work(tx: Transaction) -> None:
            await tx.execute(queries.RECEIVE_SECRET, in_network=row.network_id, of_device=row.device_id)
            await tx.execute(queries.MARK_USED, token_hash=hash_token(token), now=now)

        await self._store.write(work)


def refusal(row: queries.Standing, now: int) -> str | None:
    """Returns why a token that has not expired does not work at the moment, or None if it works.

    A session lasts 24 hours, or longer if its tokens do.
    """
    if row.expiration_date <= now:
        return "The session has expired; log in again."
    if row.person_locked:
        return "This person is locked out."
    if row.network_id is not None:
        if row.network_locked or row.network_locked is None:
            return "The network is locked out or was deleted."
        if row.device_id is None and (row.user_id is None or row.user_locked or row.user_locked is None):
            return "The user is locked out or no longer a member of the network."
    return None


def _check(row: queries.SessionOfToken | None, now: int, version: int) -> _Checked:
    if row is None:
        raise Unauthenticated("The access token is unknown or was revoked.")
    return _Checked(_session(row, now), row.valid_to, version)


def _unexpired(checked: _Checked, now: int) -> Session:
    if checked.valid_to <= now:
        raise Unauthenticated("The access token has expired.")
    return checked.session


def _session(row: queries.SessionOfToken, now: int) -> Session:
    """Returns the session of a row. Raises `Unauthenticated` if its person, user or network is locked out."""
    reason = refusal(row, now)
    if reason is not None:
        raise Unauthenticated(reason)
    return Session(
        id=row.id,
        person_id=row.person_id,
        application_id=row.application_id,
        network_id=row.network_id,
        user_id=row.user_id,
        role_id=row.role_id,
        device_id=row.device_id,
        login=row.login,
        scope=row.scope,
        granted=row.granted,
        last_modified=row.last_modified_date,
        has_permissions=bool(row.has_permissions),
        permission_changes=row.permission_changes or 0,
    )
