"""The answers of the token endpoints."""

from __future__ import annotations

from typing import Final

import msgspec

from signfleet.foundation.wire import datetime
from signfleet.identity.access.store import LiveToken
from signfleet.identity.people.store import PersonRow
from signfleet.identity.roles.system import role_name
from signfleet.identity.sign_in.service import SignedIn
from signfleet.identity.users.store import UserRow

BEARER: Final = "bearer"
#: Where people agree that a program acts for them.
AUTHORIZE: Final = "/console/authorize"


class TokenAnswer(msgspec.Struct, omit_defaults=True):
    """RFC 6749, section 5.1; `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    token_type: str
    scope: str
    refresh_token: str | None = None


class TokenState(msgspec.Struct, omit_defaults=True):
    """RFC 7662, section 2.2; dates are in seconds since 1970."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    username: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None


class NamedRole(msgspec.Struct):
    """A role by id and name."""

    id: int
    name: str


class SubscriptionPeriod(msgspec.Struct, rename="camel"):
    """A network's subscription in a token answer."""

    level: str
    start_date: str
    end_date: str | None


class UserNetwork(msgspec.Struct):
    """A network in a token answer; `status` is Active, Suspending or Suspended."""

    id: int
    name: str
    status: str
    subscription: SubscriptionPeriod | None


class TokenUser(msgspec.Struct):
    """A user in a token answer; `status` is Enabled or Disabled."""

    id: int
    status: str
    role: NamedRole | None
    network: UserNetwork


class TokenPerson(msgspec.Struct, rename="camel"):
    """A person in a token answer, with the user of each of their networks."""

    id: int
    login: str
    first_name: str | None
    last_name: str | None
    users: list[TokenUser]


class LegacyTokenAnswer(msgspec.Struct, kw_only=True):
    """The older token answer: `user` for a token of one network, `person` for all others."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str | None
    scope: str
    issued: str = msgspec.field(name=".issued")
    expires: str = msgspec.field(name=".expires")
    person: TokenPerson | msgspec.UnsetType = msgspec.UNSET
    user: TokenUser | msgspec.UnsetType = msgspec.UNSET


def token_answer(signed_in: SignedIn) -> TokenAnswer:
    issued = signed_in.issued
    return TokenAnswer(issued.access_token, issued.expires_in, BEARER, issued.scope, issued.refresh_token)


def token_state(row: LiveToken) -> TokenState:
    """Returns the state of a token that works."""
    return TokenState(
        active=True,
        scope=row.scope,
        client_id=row.client_id,
        username=row.login,
        token_type=BEARER if row.kind == "access" else row.kind,
        exp=row.valid_to // 1000,
        iat=row.valid_from // 1000,
        sub=str(row.person_id),
    )


def legacy_token_answer(signed_in: SignedIn, person: PersonRow, users: list[UserRow]) -> LegacyTokenAnswer:
    issued = signed_in.issued
    answer = LegacyTokenAnswer(
        access_token=issued.access_token,
        token_type=BEARER,
        expires_in=issued.expires_in,
        refresh_token=issued.refresh_token,
        scope=issued.scope,
        issued=datetime.format_http(issued.issued),
        expires=datetime.format_http(issued.expires),
    )
    if signed_in.user is not None:
        answer.user = _user(signed_in.user)
    else:
        answer.person = TokenPerson(
            person.person_id, person.login, person.first_name, person.last_name, [_user(user) for user in users]
        )
    return answer


def _user(row: UserRow) -> TokenUser:
    name = role_name(row)
    subscription = None
    if row.subscription_id is not None:
        subscription = SubscriptionPeriod(
            row.level,
            datetime.format(row.subscription_creation_date),
            None if row.expire_date is None else datetime.format(row.expire_date),
        )
    return TokenUser(
        id=row.id,
        status="Disabled" if row.is_locked_out else "Enabled",
        role=None if name is None or row.role_id is None else NamedRole(row.role_id, name),
        network=UserNetwork(
            row.network_id, row.network_name, "Suspended" if row.network_is_locked_out else "Active", subscription
        ),
    )


class Discovery(msgspec.Struct):
    """The addresses of sign-in page and token endpoints, and what they take (RFC 8414)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    response_types_supported: list[str]
    code_challenge_methods_supported: list[str]
    authorization_response_iss_parameter_supported: bool = True


def issuer_of(base: str) -> str:
    """Returns the name of the server in OAuth, also in the answer to a program's authorization request (RFC 9207)."""
    return f"{base}/realms/bsncloud"


def discovery(base: str) -> Discovery:
    """Returns the document of a server whose addresses begin with `base`."""
    issuer = issuer_of(base)
    token, methods = f"{issuer}/protocol/openid-connect/token", ["client_secret_basic", "client_secret_post"]
    return Discovery(
        issuer=issuer,
        authorization_endpoint=f"{base}{AUTHORIZE}",
        token_endpoint=token,
        introspection_endpoint=f"{token}/introspect",
        revocation_endpoint=f"{issuer}/protocol/openid-connect/revoke",
        grant_types_supported=["client_credentials", "password", "refresh_token", "authorization_code"],
        token_endpoint_auth_methods_supported=[*methods, "none"],
        introspection_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_methods_supported=[*methods, "none"],
        response_types_supported=["code"],
        code_challenge_methods_supported=["S256"],
    )
