"""Changes the session of the caller: its network and its scopes."""

from __future__ import annotations

from signfleet.foundation.errors import Forbidden, Invalid, Unauthenticated
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.text import fold
from signfleet.identity.access import store as queries
from signfleet.identity.users import store as users
from signfleet.web.caller.scopes import SCOPES_LIMIT, covers, is_scope
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import Precondition


class SessionChanges:
    """Changes a session, and with it all of its tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def choose_network(self, session: Session, network_id: int | None, name: str | None, now: int) -> str:
        """Binds a network to the session as long as its tokens last, and returns its name.

        Raises `Invalid` if the person is not a member, and `Forbidden` if they or the network are locked out.
        """
        if not network_id and not name:
            raise Invalid('Name the network: {"name": "…"} or {"id": …}.')
        for user in await self._store.all(users.USERS_OF_PERSON, person_id=session.person_id):
            if user.network_id == network_id if network_id else fold(user.network_name) == fold(name or ""):
                break
        else:
            raise Invalid(f"There is no network '{network_id or name}' that you are a member of.")
        if network_id and name and fold(user.network_name) != fold(name):
            raise Invalid(
                f"'id' means the network '{user.network_name}', and 'name' is '{name}'; correct one, or leave one out."
            )
        if user.is_locked_out or user.network_is_locked_out:
            raise Forbidden(f"You or the network '{user.network_name}' are locked out.")

        async def work(tx: Transaction) -> None:
            await tx.execute(users.SET_LAST_LOGIN, in_network=user.network_id, user_id=user.id, now=now)
            await tx.execute(
                queries.CHOOSE_NETWORK,
                session_id=session.id,
                chosen_network_id=user.network_id,
                chosen_user_id=user.id,
                now=next_moment(session.last_modified, now),
            )

        await self._store.write(work)
        return str(user.network_name)

    async def set_scopes(self, session: Session, scopes: list[str], precondition: Precondition, now: int) -> None:
        """Replaces the scopes of the session's tokens; at most those that were granted when it was opened.

        Raises `Stale`, and `Invalid` naming the scope that was not granted.
        """
        if len(scopes) > SCOPES_LIMIT:
            raise Invalid(f"Name at most {SCOPES_LIMIT} scopes.")
        row = await self._store.one(queries.SESSION_SCOPE, id=session.id)
        granted = "" if row is None else row.scope
        for place, scope in enumerate(scopes):
            if not is_scope(scope) or not covers(granted, scope):
                raise Invalid(f"'[{place}]': the scope '{scope}' was not granted to this session; '{granted}' was.")
        if not scopes:
            raise Invalid("Name at least one scope: a token without any could do nothing, not even this.")

        async def work(tx: Transaction) -> None:
            locked = await tx.one(queries.LOCK_SESSION, id=session.id)
            if locked is None:
                raise Unauthenticated("The session has ended; log in again.")
            modified = locked.last_modified_date
            precondition.check(modified, modified)
            await tx.execute(queries.TOUCH_SESSION, session_id=session.id, now=next_moment(modified, now))
            await tx.execute(
                queries.SET_TOKEN_SCOPES, of_session_id=session.id, granted=" ".join(dict.fromkeys(scopes))
            )

        await self._store.write(work)
