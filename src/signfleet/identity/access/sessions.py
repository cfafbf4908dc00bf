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


#: How many sessions are known to have changed, before all count as changed.
CHANGED_LIMIT = 50_000


class _Checked(msgspec.Struct, frozen=True, gc=False):
    """A session as it is after some number of changes."""

    session: Session
    valid_to: int
    changes: int


class Sessions:
    """Looks tokens up, and caches them until their sessions change.

    So a revoked token, a locked user or a changed role takes effect with the next request, in every process. Triggers
    of SQLite note which sessions change, in the transaction that changes them; a process reads these notes, once in
    each version of the store, before it believes its cache:

        version 7   token A of session 1 is checked, after 40 changes
        version 8   a player reports: no note; A is current
        version 9   session 2 is renewed: note 41 is of session 2; A is current
        version 10  session 1 is revoked: note 42 is of session 1; A, checked after 40, is looked up again

    On PostgreSQL the look-up costs as much as reading notes would, so there any write counts as a change of all.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        # By the token itself, which is in this process's memory anyway during each request.
        self._checked: dict[str, _Checked] = {}
        #: The version of the store up to which changes are known, and how many there were.
        self._version = -1
        self._changes = 0
        #: The last change of single sessions by their ids, and of any session.
        self._changed: dict[int, int] = {}
        self._any_changed = 0

    def cached(self, token: str, now: int) -> Session | None:
        """Returns the session of an access token that is known to be as it was checked, if it has not expired."""
        checked = self._current(token) if self._version == self._store.version() else None
        return checked.session if checked is not None and now < checked.valid_to else None

    async def authenticate(self, token: str, now: int) -> Session:
        """Returns the session of an access token. Raises `Unauthenticated`."""
        await self._catch_up()
        changes = self._changes
        checked = self._current(token)
        if checked is None:
            row = await self._store.one(queries.SESSION_OF_TOKEN, hash=hash_token(token))
            if row is not None:
                checked = _check(row, now, changes)
            if row is not None and row.device_id is not None and row.used_date is None and now < row.valid_to:
                await self._use_first(row, token, now)
            if checked is None:
                self._checked.pop(token, None)
                raise _unknown()
            if len(self._checked) >= CACHE_LIMIT:
                self._checked.clear()
            self._checked[token] = checked
        return _unexpired(checked, now)

    def _current(self, token: str) -> _Checked | None:
        """Returns what is cached of a token if no known change concerns it."""
        checked = self._checked.get(token)
        if checked is None or checked.changes < self._any_changed:
            return None
        return None if checked.changes < self._changed.get(checked.session.id, 0) else checked

    async def _catch_up(self) -> None:
        """Reads which sessions have changed, if the store has a new version."""
        version = self._store.version()
        if version == self._version:
            return
        if self._store.dialect == "sqlite":
            # As of the same version: the store answers at once, from the snapshot of this turn.
            self._note(await self._store.all(queries.SESSION_CHANGES, after=self._changes))
        else:
            self._changes = self._any_changed = self._changes + 1
        self._version = version

    def _note(self, changes: list[queries.SessionChange]) -> None:
        if not changes:
            return
        has_all = changes[0].id == self._changes + 1 and len(self._changed) + len(changes) <= CHANGED_LIMIT
        self._changes = changes[-1].id
        if not has_all:
            self._any_changed = self._changes
            self._changed.clear()
            return
        for change in changes:
            if change.session_id is None:
                self._any_changed = change.id
            else:
                self._changed[change.session_id] = change.id

    async def authenticate_again(self, known: Sequence[tuple[str, int]], now: int) -> list[Session | Unauthenticated]:
        """Returns the sessions of access tokens, given with the ids of their sessions, or why they end.

        One statement answers for all tokens that are not cached.
        """
        await self._catch_up()
        changes = self._changes
        current = {token: checked for token, _ in known if (checked := self._current(token)) is not None}
        unsure = [id_ for token, id_ in known if token not in current]
        rows = await self._store.all(queries.SESSIONS_OF_TOKENS, ids=unsure) if unsure else []
        by_hash = {bytes(row.hash): row for row in rows}
        found: list[Session | Unauthenticated] = []
        for token, _ in known:
            try:
                checked = current.get(token)
                if checked is None:
                    row = by_hash.get(hash_token(token))
                    if row is None:
                        raise _unknown()
                    checked = _check(row, now, changes)
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


def _unknown() -> Unauthenticated:
    return Unauthenticated("The access token is unknown or was revoked.")


def _check(row: queries.SessionOfToken, now: int, changes: int) -> _Checked:
    """Returns a session with its end: an idle one ends before its token. Raises `Unauthenticated`."""
    return _Checked(_session(row, now), min(row.valid_to, row.expiration_date), changes)


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
