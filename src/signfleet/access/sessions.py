"""Sessions: what an access token stands for."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from signfleet.access import store as queries
from signfleet.access.scopes import covers, covers_any
from signfleet.access.tokens import hash_token
from signfleet.errors import Forbidden, Invalid, Unauthenticated
from signfleet.storage.interface import Row, Store, Transaction
from signfleet.users import store as users
from signfleet.wire.text import fold

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
    #: ms
    last_modified: int
    #: False: there are no permissions for this user, or for their role, beyond those that every network has.
    has_permissions: bool = True
    #: How often the permissions of the network have changed: what was worked out from them is good while this stays.
    permission_changes: int = 0

    def covers(self, scope: str) -> bool:
        return covers(self.scope, scope)

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
            if checked is None:
                self._checked.pop(token, None)
                raise Unauthenticated("The access token is unknown or was revoked.")
            if len(self._checked) >= CACHE_LIMIT:
                self._checked.clear()
            self._checked[token] = checked
        if checked.valid_to <= now:
            raise Unauthenticated("The access token has expired.")
        return checked.session

    async def choose_network(self, session: Session, network_id: int | None, name: str | None, now: int) -> None:
        """Bind a network to the session, for as long as its tokens last.

        Raises `Invalid` when the person is in no such network, `Forbidden` when they or it are locked out.
        """
        if not network_id and not name:
            raise Invalid('Name the network: {"name": "…"} or {"id": …}.')
        for user in await self._store.all(users.USERS_OF_PERSON, person_id=session.person_id):
            if user.network_id == network_id if network_id else fold(user.network_name) == fold(name or ""):
                break
        else:
            raise Invalid(f"You are a member of no network '{network_id or name}'.")
        if user.is_locked_out or user.network_is_locked_out:
            raise Forbidden(f"You or the network '{user.network_name}' are locked out.")

        async def work(tx: Transaction) -> None:
            await tx.execute(users.SET_LAST_LOGIN, in_network=user.network_id, user_id=user.id, now=now)
            await tx.execute(
                queries.CHOOSE_NETWORK,
                session_id=session.id,
                chosen_network_id=user.network_id,
                chosen_user_id=user.id,
                now=max(now, session.last_modified + 1),
            )

        await self._store.write(work)

    async def set_scopes(self, session: Session, scopes: list[str], now: int) -> None:
        """Narrow what the session's tokens may do, or widen it again up to what was granted when it was opened.

        Raises `Invalid` naming the scope that was not granted.
        """
        row = await self._store.one(queries.SESSION_SCOPE, id=session.id)
        granted = "" if row is None else row.scope
        for place, scope in enumerate(scopes):
            if not scope or len(scope.split()) != 1 or not covers(granted, scope):
                raise Invalid(f"'[{place}]': the scope '{scope}' was not granted to this session; '{granted}' was.")
        if not scopes:
            raise Invalid("Name at least one scope: a token without any could do nothing, not even this.")

        async def work(tx: Transaction) -> None:
            await tx.execute(
                queries.SET_TOKEN_SCOPES, of_session_id=session.id, granted=" ".join(dict.fromkeys(scopes))
            )
            await tx.execute(queries.TOUCH_SESSION, session_id=session.id, now=max(now, session.last_modified + 1))

        await self._store.write(work)


def _session(row: Row, now: int) -> Session:
    """The session as its owner stands today. Raises `Unauthenticated` if the person, user or network is locked out.

    A session lasts 24 hours; an application's token without a network, or a device, is bound by the token alone.
    """
    if row.expiration_date <= now:
        raise Unauthenticated("The session has expired; log in again.")
    if row.person_locked:
        raise Unauthenticated("This person is locked out.")
    if row.network_id is not None:
        if row.network_locked or row.network_locked is None:
            raise Unauthenticated("The network is locked out or gone.")
        if row.device_id is None and (row.user_id is None or row.user_locked or row.user_locked is None):
            raise Unauthenticated("The user is locked out or no longer a member of the network.")
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
        last_modified=row.last_modified_date,
        has_permissions=bool(row.has_permissions),
        permission_changes=row.permission_changes or 0,
    )
