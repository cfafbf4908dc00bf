"""Signs applications and people in: client credentials, passwords and refresh tokens."""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.foundation.wire.text import fold
from signfleet.identity.access import store as queries
from signfleet.identity.access.application_store import APPLICATION_BY_CLIENT_ID, SHARE_APPLICATION, ApplicationRow
from signfleet.identity.access.attempts import Attempts
from signfleet.identity.access.passwords import Passwords
from signfleet.identity.access.token_issue import (
    IssuedTokens,
    Lifetimes,
    RefusedToken,
    open_session,
    renew,
    use_refresh_token,
)
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.people import store as people
from signfleet.identity.people.token_lifetimes import ACCESS, LIFETIMES, REFRESH
from signfleet.identity.sign_in.trace import SignInEvent
from signfleet.identity.users import store as users
from signfleet.web.caller.scopes import PERSON_SCOPE, SCOPES_LIMIT, USER_SCOPE, common, covers, is_scope
from signfleet.web.contract.oauth import OAuthError

_WRONG_SECRET: Final = "The client id or the client secret is wrong."  # noqa: S105 - no secret

#: The hash to compare with if a client id is unknown, so that the answer takes the same time.
DUMMY_SECRET_HASH: Final = hash_token(new_token())


class SignedIn(NamedTuple):
    """New tokens, their person, and their user if they are for one network."""

    issued: IssuedTokens
    person_id: int
    user: users.UserRow | None


class Client(NamedTuple):
    """The credentials that an application sent."""

    id: str | None
    secret: str | None


def invalid_grant(description: str | None) -> OAuthError:
    return OAuthError(400, "invalid_grant", description)


#: The application through which a person signs in; None for an unregistered one.
OptionalApplication = ApplicationRow | None


class SignIn:
    """Implements the three grants. Raises `OAuthError`, and `Throttled` for callers who guess."""

    def __init__(self, store: Store, passwords: Passwords, attempts: Attempts, settings: Settings) -> None:
        self._store = store
        self._passwords = passwords
        self._attempts = attempts
        self._settings = settings
        #: How long a person stays signed in at most, in ms, however often tokens are refreshed.
        self.longest = settings.sign_in_lifetime_days * timespan.DAY

    async def application(self, client: Client, now: int, event: SignInEvent | None = None) -> ApplicationRow:
        """Returns the registered application, and records its name in `event`. Raises 401 `invalid_client`."""
        row = None
        if client.id is not None:
            row = await self._store.one(APPLICATION_BY_CLIENT_ID, client_id=client.id)
        if event is not None and row is not None:
            event.application = row.name
        secret_hash = DUMMY_SECRET_HASH if row is None else bytes(row.secret_hash)
        matches = hmac.compare_digest(secret_hash, hash_token(client.secret or ""))
        if row is None or not matches:
            raise _invalid_client(_WRONG_SECRET)
        _check_expiry(row, now)
        return row

    async def known_application(self, client: Client, now: int, event: SignInEvent) -> OptionalApplication:
        """Returns the registered application, or None for an unknown client id: older clients send one of their own."""
        if client.id is None:
            raise OAuthError(400, "invalid_request", "The form field 'client_id' is missing.")
        if await self._store.one(APPLICATION_BY_CLIENT_ID, client_id=client.id) is None:
            return None
        return await self.application(client, now, event)

    async def with_client_credentials(
        self, client: Client, scope: str | None, event: SignInEvent, now: int
    ) -> SignedIn:
        """Issues a token for the person who registered the application, with its scopes and without a network."""
        application = await self.application(client, now, event)
        person = await self._store.one(people.PERSON_BY_ID, id=application.person_id)
        if person is not None:
            event.is_by(person)
        if person is None or person.is_locked_out or person.activation_date is None:
            raise _invalid_client("The person who registered this application is locked out.")
        granted = narrowed(application.scope, scope)
        lifetimes = Lifetimes(self._settings.client_token_lifetime * 1000)

        async def work(tx: Transaction) -> IssuedTokens:
            same = await lock_application(tx, application, now)
            return await open_session(
                tx,
                scope=granted,
                lifetimes=until_expiry(lifetimes, same, now),
                now=now,
                person_id=application.person_id,
                application_id=application.id,
                grant_type=event.grant,
                address=event.address,
            )

        return SignedIn(await self._store.write(work), application.person_id, None)

    async def with_password(
        self, username: str, password: str, application: OptionalApplication, event: SignInEvent, now: int
    ) -> SignedIn:
        """Opens a session for a login, which can use /Self only, or for `Network/login`, which can use that network.

        A session through an application gets no scope that the application lacks.
        """
        network_name, slash, login = username.partition("/")
        if not slash:
            network_name, login = "", username
        event.login, event.network_name = login, network_name if slash else None
        async with self._attempts.attempt(login, event.address) as pause:
            person = await self.check_password(login.strip(), password, event)
            user = await self._user(person.person_id, network_name) if slash else None
        now += pause
        lifetimes = (await self.lifetimes(person.person_id, user)).within(self.longest)
        scope = within_application(PERSON_SCOPE if user is None else USER_SCOPE, application)

        async def work(tx: Transaction) -> IssuedTokens:
            await require_same_password(tx, person)
            same = None if application is None else await lock_application(tx, application, now)
            if user is not None:
                await tx.execute(users.SET_LAST_LOGIN, in_network=user.network_id, user_id=user.id, now=now)
            return await open_session(
                tx,
                scope=scope,
                lifetimes=until_expiry(lifetimes, same, now),
                now=now,
                person_id=person.person_id,
                application_id=None if application is None else application.id,
                network_id=None if user is None else user.network_id,
                user_id=None if user is None else user.id,
                grant_type=event.grant,
                address=event.address,
            )

        return SignedIn(await self._store.write(work), person.person_id, user)

    async def with_refresh_token(
        self, refresh_token: str, username: str | None, application: OptionalApplication, event: SignInEvent, now: int
    ) -> SignedIn:
        """Exchanges a refresh token. The network stays, unless `username` names another as `Network/login`."""
        row = await self._store.one(queries.REFRESH_TOKEN, hash=hash_token(refresh_token))
        user, person_id, lifetimes = None, 0, Lifetimes(0)  # of a refused token, which needs none of these
        is_network_named = bool(username and "/" in username)
        if row is not None and row.used_date is None and row.valid_to > now:
            person_id = _owner(row, application)
            person = active(await self._store.one(people.PERSON_BY_ID, id=person_id))
            event.is_by(person)
            if username and is_network_named:
                async with self._attempts.attempt(person.login, event.address):
                    user = await self._user(person_id, username.partition("/")[0])
            elif row.network_id is not None:
                user = await self._store.one(users.USER_IN_NETWORK, network_id=row.network_id, person_id=person_id)
                check_user(user)
            lifetimes = await self.lifetimes(person_id, user)

        async def work(tx: Transaction) -> IssuedTokens | RefusedToken:
            # Lock order: application, user, session.
            same = None if application is None else await lock_application(tx, application, now)
            if user is not None:
                await tx.one(users.LOCK_ONE, network_id=user.network_id, id=user.id)
            used = await use_refresh_token(tx, refresh_token, now)
            if isinstance(used, RefusedToken):
                return used
            left = used.session_creation_date + self.longest - now
            if left <= 0:  # the setting was longer when the token was issued
                await tx.execute(queries.DELETE_SESSION, id=used.session_id)
                return RefusedToken("The sign-in has ended.", expired=True)
            if user is not None:
                await tx.execute(users.SET_LAST_LOGIN, in_network=user.network_id, user_id=user.id, now=now)
                await tx.execute(
                    queries.CHOOSE_NETWORK,
                    session_id=used.session_id,
                    chosen_network_id=user.network_id,
                    chosen_user_id=user.id,
                    now=now,
                )
            scope, granted = _renewed_scopes(used, application, is_network_named=is_network_named)
            if granted != used.granted:
                await tx.execute(queries.SET_SCOPE, session_id=used.session_id, granted=granted)
            within = until_expiry(lifetimes.within(left), same, now)
            return await renew(tx, used.session_id, scope=scope, lifetimes=within, now=now, address=event.address)

        renewed = await self._store.write(work)
        if isinstance(renewed, RefusedToken):
            # Clients recognise an expired token by the missing description, and sign in again.
            raise invalid_grant(None if renewed.expired else renewed.reason)
        return SignedIn(renewed, person_id, user)

    async def check_password(self, login: str, password: str, event: SignInEvent) -> people.AccountRow:
        """Returns the person with this login and password. Raises `OAuthError`."""
        person = await self._store.one(people.PERSON_OF_MAILBOX, mailbox_key=mailbox_key(login))
        if person is not None:
            event.is_by(person)
        matches = await self._passwords.verify(None if person is None else person.password_hash, password)
        if person is None or not matches:
            raise _wrong_password()
        return active(person)

    async def _user(self, person_id: int, network_name: str) -> users.UserRow:
        for user in await self._store.all(users.USERS_OF_PERSON, person_id=person_id):
            if fold(user.network_name) == fold(network_name.strip()):
                check_user(user)
                return user
        raise invalid_grant("This person is a member of no such network.")

    async def lifetimes(self, person_id: int, user: users.UserRow | None) -> Lifetimes:
        """Returns the lifetimes in the network's settings for a user, in the profile for a person."""
        if user is not None:
            return Lifetimes(user.user_access_token_lifetime, user.user_refresh_token_lifetime)
        lifetimes = []
        for name in (ACCESS, REFRESH):
            value = await self._store.one(people.PROFILE_VALUE, person_id=person_id, name_key=fold(name))
            lifetimes.append(LIFETIMES[name] if value is None else timespan.parse(value.value))
        return Lifetimes(*lifetimes)


async def require_same_password(tx: Transaction, checked: people.AccountRow) -> None:
    """Raises `OAuthError` if the checked password was replaced meanwhile, which ended the sessions of the old one."""
    person = await tx.one(people.LOCK_PERSON_SHARED, id=checked.person_id)
    if person is None or person.password_hash != checked.password_hash:
        raise _wrong_password()


async def lock_application(tx: Transaction, checked: ApplicationRow, now: int) -> ApplicationRow:
    """Share-locks the application until the transaction ends. Raises `OAuthError` if its secret was replaced."""
    application = await tx.one(SHARE_APPLICATION, id=checked.id)
    if application is None or bytes(application.secret_hash) != bytes(checked.secret_hash):
        raise _invalid_client(_WRONG_SECRET)
    _check_expiry(application, now)
    return application


def _check_expiry(application: ApplicationRow, now: int) -> None:
    if application.secret_expiration_date is not None and application.secret_expiration_date <= now:
        raise _invalid_client("The client secret has expired; create a new one.")


def until_expiry(lifetimes: Lifetimes, application: OptionalApplication, now: int) -> Lifetimes:
    """Returns the lifetimes, cut so that tokens end with the application's secret."""
    if application is None or application.secret_expiration_date is None:
        return lifetimes
    return lifetimes.within(application.secret_expiration_date - now)


def _wrong_password() -> OAuthError:
    return invalid_grant("The login or the password is wrong, or the account is not activated yet.")


def _invalid_client(description: str) -> OAuthError:
    return OAuthError(401, "invalid_client", description, {"WWW-Authenticate": 'Basic realm="signfleet"'})


def _owner(row: queries.RefreshToken, application: ApplicationRow | None) -> int:
    """Returns the person of a refresh token. Raises `OAuthError` if it is a player's or another application's."""
    if row.person_id is None:
        raise invalid_grant("The refresh token belongs to a player; exchange it at /player/v1/token.")
    if row.application_id != (None if application is None else application.id):
        raise invalid_grant("The refresh token was issued to another application.")
    return row.person_id


def active(person: people.AccountRow | None) -> people.AccountRow:
    """Returns the person. Raises `OAuthError` for one who may not sign in."""
    if person is None or person.is_locked_out:
        raise invalid_grant("This person is locked out.")
    if person.activation_date is None:
        raise invalid_grant("This person is not activated yet; follow the link in the activation mail.")
    return person


def check_user(user: users.UserRow | None) -> None:
    if user is None:
        raise invalid_grant("This person is no longer a member of the network.")
    if user.is_locked_out:
        raise invalid_grant("This user is locked out of the network.")
    if user.network_is_locked_out:
        raise invalid_grant("The network is locked out.")


def within_application(scope: str, application: ApplicationRow | None) -> str:
    """Returns the part of `scope` that the application was granted. Raises `invalid_scope` if that is nothing."""
    if application is None:
        return scope
    within = common(scope, application.scope)
    if not within:
        raise OAuthError(
            400,
            "invalid_scope",
            f"The application was granted only '{application.scope}', of which '{scope}' includes nothing.",
        )
    return within


def _renewed_scopes(
    used: queries.RefreshToken, application: OptionalApplication, *, is_network_named: bool
) -> tuple[str, str]:
    """Returns the scopes of the next tokens of a session, and of the session: never more than the exchanged token's.

    The exception: a person's token becomes a user's if a network is named, unless the token was narrowed.
    """
    is_persons = all(covers(PERSON_SCOPE, scope) for scope in used.granted.split())
    if is_network_named and is_persons and used.scope == used.granted:
        scope = within_application(USER_SCOPE, application)
        return scope, scope
    return within_application(used.scope, application), within_application(used.granted, application)


#: Scopes that clients of OpenID Connect always request; they have no effect here.
OPENID_SCOPES: Final = frozenset({"openid", "profile", "email", "offline_access"})


def narrowed(granted: str, requested: str | None) -> str:
    """Returns those of the requested scopes that are granted, or all granted ones if none is requested."""
    scopes = [scope for scope in dict.fromkeys((requested or "").split()) if scope not in OPENID_SCOPES]
    if not scopes:
        return granted
    within = [scope for scope in scopes if is_scope(scope) and covers(granted, scope)]
    if len(within) > SCOPES_LIMIT:
        raise OAuthError(400, "invalid_scope", f"A request can name at most {SCOPES_LIMIT} scopes.")
    if not within:
        raise OAuthError(
            400, "invalid_scope", f"The application was granted only '{granted}', of which 'scope' names nothing."
        )
    return " ".join(within)
