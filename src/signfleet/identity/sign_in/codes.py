"""Authorization codes with PKCE (RFC 6749, 7636, 8252): a person agrees in a browser, and a program gets tokens.

Programs listen on the loopback interface for the code; there are no other redirect addresses. So nobody can register
one, and no code leaves the person's machine.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.timespan import SECOND
from signfleet.identity.access.application_store import APPLICATION_BY_CLIENT_ID, ApplicationRow
from signfleet.identity.access.store import DELETE_SESSION
from signfleet.identity.access.token_issue import IssuedTokens, Lifetimes, RefusedToken, open_session
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.people import store as people
from signfleet.identity.sign_in import code_store as queries
from signfleet.identity.sign_in.service import (
    OptionalApplication,
    SignedIn,
    SignIn,
    active,
    check_user,
    invalid_grant,
    lock_application,
    narrowed,
    until_expiry,
    within_application,
)
from signfleet.identity.sign_in.trace import SignInEvent
from signfleet.identity.users import store as users
from signfleet.web.caller.scopes import USER_SCOPE
from signfleet.web.caller.session import Session

#: The client id of the command line, the one program without a secret.
OWN_CLIENT: Final = "signfleet"
#: How long a code is valid, in ms.
LIFETIME: Final = 60 * SECOND
ADDRESS_LIMIT: Final = 512
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]*)*")


class AuthorizationRequest(NamedTuple):
    """What a program asks of a person. `application` is None for the command line."""

    application: OptionalApplication
    redirect_uri: str
    challenge: str
    scope: str

    @property
    def program(self) -> str:
        """Returns the name that the person knows it by."""
        return OWN_CLIENT if self.application is None else self.application.name


class Exchange(NamedTuple):
    """What a program sends for its tokens."""

    code: str
    redirect_uri: str
    verifier: str


def check_loopback(address: str) -> str:
    """Returns an address of this machine, at any port (RFC 8252, section 7.3). Raises `Invalid` for another one."""
    try:
        url = urlsplit(address)
        is_fit = (
            len(address) <= ADDRESS_LIMIT
            and address.isascii()
            and address == f"http://{url.netloc}{url.path}"
            and url.hostname in ("127.0.0.1", "::1")
            and url.netloc in (f"127.0.0.1:{url.port}", f"[::1]:{url.port}")
            and _PATH.fullmatch(url.path) is not None
        )
    except ValueError:
        is_fit = False
    if not is_fit:
        raise Invalid(
            "'redirect_uri' has to be an address of your own machine, such as http://127.0.0.1:49152/callback, so that"
            " nobody else gets the code."
        )
    return address


def challenge_of(verifier: str) -> str:
    """Returns the S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_challenge(text: str) -> bool:
    return _CHALLENGE.fullmatch(text) is not None


class AuthorizationCodes:
    """Issues a code when a person has agreed, and exchanges it once."""

    def __init__(self, store: Store, sign_in: SignIn) -> None:
        self._store = store
        self._sign_in = sign_in

    async def client(self, client_id: str | None) -> OptionalApplication:
        """Returns the application of a client id, None for the command line. Raises `Invalid` for an unknown one."""
        if client_id == OWN_CLIENT:
            return None
        row: ApplicationRow | None = None
        if client_id:
            row = await self._store.one(APPLICATION_BY_CLIENT_ID, client_id=client_id)
        if row is None:
            raise Invalid("'client_id': there is no such program.")
        return row

    def scope(self, application: OptionalApplication, requested: str | None) -> str:
        """Returns the scopes that a program gets of those it requests. Raises `OAuthError` if that is nothing."""
        return narrowed(within_application(USER_SCOPE, application), requested)

    async def issue(self, session: Session, request: AuthorizationRequest, network_id: int | None, now: int) -> str:
        """Returns a code for the person of a browser's session, who has agreed, in one of their networks or in none.

        The code ends with the session: it does not outlive a new password or a way out.
        """
        if network_id is not None:
            check_user(await self._store.one(users.USER_IN_NETWORK, network_id=network_id, person_id=session.person_id))
        code = new_token()
        await self._store.write(
            lambda tx: tx.execute(
                queries.INSERT_CODE,
                hash=hash_token(code),
                person_id=session.person_id,
                consent_session_id=session.id,
                application_id=None if request.application is None else request.application.id,
                network_id=network_id,
                redirect_uri=request.redirect_uri,
                challenge=request.challenge,
                scope=request.scope,
                valid_to=now + LIFETIME,
                used_date=None,
                session_id=None,
            )
        )
        return code

    async def exchange(
        self, given: Exchange, application: OptionalApplication, event: SignInEvent, now: int
    ) -> SignedIn:
        """Opens a session for a code; the attempt uses the code up, whether it succeeds or not.

        A code that comes again was perhaps stolen: the session that it opened ends. Raises `OAuthError`.
        """
        key = hash_token(given.code)
        row = await self._store.one(queries.CODE, code_hash=key)
        person, user, lifetimes = None, None, Lifetimes(0)  # of an unknown code, which needs none of these
        if row is not None:
            person = await self._store.one(people.PERSON_BY_ID, id=row.person_id)
            if person is not None:
                event.is_by(person)
            if row.network_id is not None:
                user = await self._store.one(users.USER_IN_NETWORK, network_id=row.network_id, person_id=row.person_id)
                event.network_name = None if user is None else user.network_name
            lifetimes = (await self._sign_in.lifetimes(row.person_id, user)).within(self._sign_in.longest)

        async def work(tx: Transaction) -> IssuedTokens | RefusedToken:
            # Lock order: application, user, session.
            same = None if application is None else await lock_application(tx, application, now)
            if user is not None:
                await tx.one(users.LOCK_ONE, network_id=user.network_id, id=user.id)
            locked = await tx.one(queries.LOCK_CODE, code_hash=key)
            if locked is None:
                return RefusedToken("The code is unknown or has ended.")
            if locked.used_date is not None:
                if locked.session_id is not None:
                    await tx.execute(DELETE_SESSION, id=locked.session_id)
                return RefusedToken("The code was used before; the tokens that it gave are revoked.")
            reason = _refusal(locked, given, application, now)
            if reason is not None:
                await tx.execute(queries.USE_CODE, code_hash=key, now=now, opened_session_id=None)
                return RefusedToken(reason)
            active(person)
            if locked.network_id is not None:
                check_user(user)
            if user is not None:
                await tx.execute(users.SET_LAST_LOGIN, in_network=user.network_id, user_id=user.id, now=now)
            issued = await open_session(
                tx,
                scope=within_application(locked.scope, application),
                lifetimes=until_expiry(lifetimes, same, now),
                now=now,
                person_id=locked.person_id,
                application_id=locked.application_id,
                network_id=None if user is None else user.network_id,
                user_id=None if user is None else user.id,
                grant_type=event.grant,
                address=event.address,
            )
            await tx.execute(queries.USE_CODE, code_hash=key, now=now, opened_session_id=issued.session_id)
            return issued

        issued = await self._store.write(work)
        if isinstance(issued, RefusedToken) or row is None:
            raise invalid_grant(issued.reason if isinstance(issued, RefusedToken) else None)
        return SignedIn(issued, row.person_id, user)


def _refusal(row: queries.CodeRow, given: Exchange, application: OptionalApplication, now: int) -> str | None:
    """Returns why an exchange does not fit a code that was not used yet, None if it does."""
    if row.valid_to <= now:
        return "The code has expired."
    if row.application_id != (None if application is None else application.id):
        return "The code was issued to another program."
    if row.redirect_uri != given.redirect_uri:
        return "'redirect_uri' differs from that of the authorization request."
    is_form = _VERIFIER.fullmatch(given.verifier) is not None
    if not is_form or not hmac.compare_digest(challenge_of(given.verifier), row.challenge):
        return "'code_verifier' does not fit the challenge of the authorization request."
    return None
