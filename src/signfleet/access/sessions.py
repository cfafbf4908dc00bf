"""Sessions: what an access token stands for."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from signfleet.access import store as queries
from signfleet.access.scopes import covers, covers_any
from signfleet.access.tokens import PERSON_SCOPE, hash_token
from signfleet.errors import Forbidden, Unauthenticated
from signfleet.storage.interface import Row, Store, Transaction

#: So many checked tokens are remembered.
CACHE_LIMIT = 100_000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls. A person has no `device_id`; a device no `person_id`; `network_id` is None until one is chosen."""

    id: int
    person_id: int | None
    application_id: int | None
    network_id: int | None
    user_id: int | None
    role_id: int | None
    device_id: int | None
    login: str | None
    #: Space-separated.
    scope: str
    #: What the session was opened with: more than `scope` after somebody narrowed it. None: the same.
    granted: str | None = None
    #: ms
    last_modified: int
    #: False: there are no permissions for this user, or for their role, beyond those that every network has.
    has_permissions: bool = True
    #: How often the permissions of the network have changed: what was worked out from them is good while this stays.
    permission_changes: int = 0

    @property
    def network(self) -> int:
        """The chosen network; what needs one is not called without."""
        assert self.network_id is not None
        return self.network_id

    def covers(self, scope: str) -> bool:
        return covers(self.scope, scope)

    def may_give(self, scope: str) -> bool:
        """Whether the token may hand `scope` on: one that it has.

        A person who signed in with a password alone may give everything, unless the token was narrowed since.
        """
        is_whole = self.granted in (None, self.scope) and self.covers(PERSON_SCOPE)
        return self.covers(scope) or (self.application_id is None and is_whole)

    def demand_power_to_give(self, scopes: list[str], refused: str = "give it") -> None:
        """Raises `Forbidden` naming the scope that the token may not hand on, and what is `refused` for that."""
        for scope in scopes:
            if not self.may_give(scope):
                raise Forbidden(f"The access token lacks the scope '{scope}', so it cannot {refused}.")

    def covers_any(self, scopes: tuple[str, ...]) -> bool:
        return covers_any(self.scope, scopes)


class _Checked(NamedTuple):
    """A session as it was when the store was last seen to have changed."""

    session: Session
    valid_to: int
    version: int


class Sessions:
    """Looks tokens up. What it remembers is good only as long as nothing has been written: a revoked token, a locked
    user, a changed role take effect with the next request, in every process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # By the token itself: it is in this process's memory anyway while a request carries it.
        self._checked: dict[str, _Checked] = {}

    async def authenticate(self, token: str, now: int) -> Session:
        """The session of an access token. Raises `Unauthenticated`."""
        version = self._store.version()
        checked = self._checked.get(token)
        if checked is None or checked.version != version:
            row = await self._store.one(queries.SESSION_OF_TOKEN, hash=hash_token(token))
            checked = _Checked(_session(row, now), row.valid_to, version) if row is not None else None
            if row is not None and row.device_id is not None and row.used_date is None and now < row.valid_to:
                await self._use_first(row, token, now)
            if checked is None:
                self._checked.pop(token, None)
                raise Unauthenticated("The access token is unknown or was revoked.")
            if len(self._checked) >= CACHE_LIMIT:
                self._checked.clear()
            self._checked[token] = checked
        if checked.valid_to <= now:
            raise Unauthenticated("The access token has expired.")
        return checked.session

    async def _use_first(self, row: Row, token: str, now: int) -> None:
        """Notes that a player has its newest tokens: what it proved itself with before is of no more use."""

        async def work(tx: Transaction) -> None:
            await tx.execute(queries.RECEIVE_SECRET, in_network=row.network_id, of_device=row.device_id)
            await tx.execute(queries.MARK_USED, token_hash=hash_token(token), now=now)

        await self._store.write(work)


def refusal(row: Row, now: int) -> str | None:
    """Why a token that has not expired is good for nothing at the moment; None for one that is.

    A session lasts 24 hours; an application's token without a network, or a device, is bound by the token alone.
    """
    if row.expiration_date <= now:
        return "The session has expired; log in again."
    if row.person_locked:
        return "This person is locked out."
    if row.network_id is not None:
        if row.network_locked or row.network_locked is None:
            return "The network is locked out or gone."
        if row.device_id is None and (row.user_id is None or row.user_locked or row.user_locked is None):
            return "The user is locked out or no longer a member of the network."
    return None


def _session(row: Row, now: int) -> Session:
    """The session as its owner stands today. Raises `Unauthenticated` if the person, user or network is locked out."""
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
