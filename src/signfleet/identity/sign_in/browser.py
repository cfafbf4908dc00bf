"""Signs people in with a form in a browser, and keeps their sessions alive while they use them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.identity.access import store as queries
from signfleet.identity.access.attempts import Attempts
from signfleet.identity.access.sessions import Sessions
from signfleet.identity.access.token_issue import IssuedTokens, Lifetimes, open_session
from signfleet.identity.sign_in.service import SignedIn, SignIn, require_same_password
from signfleet.identity.sign_in.trace import SignInEvent
from signfleet.identity.users import store as users
from signfleet.web.caller.scopes import USER_SCOPE
from signfleet.web.caller.session import Session

#: How often the use of a session is written at most, in ms: each page would be a write otherwise.
USE_INTERVAL: Final = 5 * timespan.MINUTE
#: How many sessions this process remembers the last use of.
CACHE_LIMIT: Final = 10_000


class BrowserSessions:
    """Opens, finds and ends the sessions of browsers. A cookie carries the token, which is stored like any other.

    A session ends when nobody has used it for some time, and some days after the sign-in in any case.
    """

    def __init__(
        self, store: Store, sign_in: SignIn, sessions: Sessions, attempts: Attempts, settings: Settings
    ) -> None:
        self._store = store
        self._sign_in = sign_in
        self._sessions = sessions
        self._attempts = attempts
        #: Both in ms.
        self._idle = settings.console_idle_minutes * timespan.MINUTE
        self._longest = min(settings.console_session_days, settings.sign_in_lifetime_days) * timespan.DAY
        self._used: OrderedDict[int, int] = OrderedDict()

    @property
    def longest(self) -> int:
        """Returns how long a session lasts at most, in seconds."""
        return self._longest // timespan.SECOND

    async def open(self, login: str, password: str, event: SignInEvent, now: int) -> SignedIn:
        """Opens a session for a login and password. A person with a single usable network begins in it.

        Raises `OAuthError`, and `Throttled` for callers who guess; both count as attempts at the token endpoint.
        """
        event.login = login
        async with self._attempts.attempt(login, event.address) as pause:
            person = await self._sign_in.check_password(login.strip(), password, event)
        now += pause
        members = await self._store.all(users.USERS_OF_PERSON, person_id=person.person_id)
        usable = [user for user in members if not user.is_locked_out and not user.network_is_locked_out]
        user = usable[0] if len(usable) == 1 else None

        async def work(tx: Transaction) -> IssuedTokens:
            await require_same_password(tx, person)
            if user is not None:
                await tx.execute(users.SET_LAST_LOGIN, in_network=user.network_id, user_id=user.id, now=now)
            return await open_session(
                tx,
                scope=USER_SCOPE,
                lifetimes=Lifetimes(self._longest, idle=self._idle),
                now=now,
                person_id=person.person_id,
                network_id=None if user is None else user.network_id,
                user_id=None if user is None else user.id,
                grant_type=event.grant,
                address=event.address,
            )

        return SignedIn(await self._store.write(work), person.person_id, user)

    async def find(self, token: str, address: str, now: int, *, is_use: bool = True) -> Session:
        """Returns the session of a token and moves its idle end, unless a page merely refreshes itself.

        Raises `Unauthenticated`.
        """
        session = await self._sessions.authenticate(token, now)
        if is_use and now - self._used.get(session.id, 0) >= USE_INTERVAL:
            self._used[session.id] = now
            self._used.move_to_end(session.id)
            if len(self._used) > CACHE_LIMIT:
                self._used.popitem(last=False)
            await self._store.write(lambda tx: self._use(tx, session, address, now))
        return session

    async def _use(self, tx: Transaction, session: Session, address: str, now: int) -> None:
        await tx.execute(
            queries.USE_SESSION, session_id=session.id, now=now, until=now + self._idle, used_at=address or None
        )

    async def close(self, session: Session) -> None:
        """Ends a session; its token no longer works."""
        await self._store.write(lambda tx: tx.execute(queries.DELETE_SESSION, id=session.id))
