"""The token endpoints: OpenID Connect's, and the older one."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, unquote_plus

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.settings import Settings
from signfleet.identity.access.sessions import refusal
from signfleet.identity.people.service import People
from signfleet.identity.sign_in.codes import OWN_CLIENT, AuthorizationCodes, Exchange
from signfleet.identity.sign_in.schemas import (
    Discovery,
    LegacyTokenAnswer,
    TokenAnswer,
    TokenState,
    discovery,
    legacy_token_answer,
    token_answer,
    token_state,
)
from signfleet.identity.sign_in.service import Client, OptionalApplication, SignedIn, SignIn
from signfleet.identity.sign_in.trace import Grant, SignInEvent, SignInTrace
from signfleet.identity.tokens.service import Tokens
from signfleet.identity.users.service import Users
from signfleet.web.caller.actor import act_under
from signfleet.web.contract.oauth import OAuthError
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import FORM, Endpoint, Endpoints, Parameter

FORM_LIMIT = 65_536
FIELDS_LIMIT = 100

#: Older clients sign in at their own version of the API.
_OF_ANY_VERSION = ("/*/*/REST/Token",)

_CLIENT = (
    Parameter("client_id", "Of the application; clients may send it with the secret by HTTP Basic instead."),
    Parameter("client_secret", "Of the application."),
)
_PASSWORD = (
    Parameter("username", "Of the grants `password` and `refresh_token`: a login, or `Network/login` to choose one."),
    Parameter("password", "Of the grant `password`."),
    Parameter("refresh_token", "Of the grant `refresh_token`; it works once."),
)
_CODE = (
    Parameter("code", "Of the grant `authorization_code`; it works once."),
    Parameter("redirect_uri", "Of the grant `authorization_code`: the same as in the authorization request."),
    Parameter("code_verifier", "Of the grant `authorization_code`: the text of the challenge (RFC 7636)."),
)
_GRANTS = Parameter(
    "grant_type", "`client_credentials`, `password`, `refresh_token` or `authorization_code`.", required=True
)
_LEGACY_GRANTS = Parameter("grant_type", "`password` or `refresh_token`.", required=True)
_SCOPE = Parameter("scope", "Of the grant `client_credentials`: fewer scopes than the application has.")

endpoints = Endpoints("", family="Access", caller="public")
#: Endpoints that take a form and answer in the format of OAuth 2.0.
form_endpoints = Endpoints(
    "",
    family="Access",
    caller="public",
    body=bytes,
    body_optional=True,
    body_limit=FORM_LIMIT,
    consumes=FORM,
    secret=True,
    oauth=True,
    statuses="200",
    errors="400 401 406 413 415 429 5XX",
)


@form_endpoints.post(
    "/realms/bsncloud/protocol/openid-connect/token",
    form=(_GRANTS, *_CLIENT, *_PASSWORD, *_CODE, _SCOPE),
    answer=TokenAnswer,
)
async def create_token(
    call: Call, sign_in: SignIn, sign_in_trace: SignInTrace, authorization_codes: AuthorizationCodes
) -> Answer:
    """Issue an access token for client credentials, a password, a refresh token or an authorization code (OAuth 2.0).

    Only `signfleet login` needs no secret: its client id is `signfleet`, for codes and its own refresh tokens.
    """
    form = Form(call)
    client = form.client()
    grant = _grant(form, "client_credentials", "password", "refresh_token", "authorization_code")
    with sign_in_trace.of(grant, call.address, call.now) as event:
        if grant == "client_credentials":
            signed_in = await sign_in.with_client_credentials(client, form.get("scope"), event, call.now)
        elif grant == "authorization_code":
            application = await _application_or_own(sign_in, client, call.now, event)
            exchange = Exchange(form.required("code"), form.required("redirect_uri"), form.required("code_verifier"))
            signed_in = await authorization_codes.exchange(exchange, application, event, call.now)
        elif grant == "refresh_token":
            application = await _application_or_own(sign_in, client, call.now, event)
            signed_in = await _person_grant(call, sign_in, form, application, event)
        else:
            application = await sign_in.application(client, call.now, event)
            signed_in = await _person_grant(call, sign_in, form, application, event)
    return answer_json(token_answer(signed_in))


@form_endpoints.post(
    "/2022/06/REST/Token",
    form=(_LEGACY_GRANTS, *_CLIENT, *_PASSWORD),
    answer=LegacyTokenAnswer,
    aliases=_OF_ANY_VERSION,
)
async def create_legacy_token(
    call: Call, settings: Settings, sign_in_trace: SignInTrace, people: People, memberships: Users, sign_in: SignIn
) -> Answer:
    """Issue an access token for a password or a refresh token, as older clients request it."""
    if not settings.legacy_token_endpoint:
        raise NotFound(
            "The older token endpoint is disabled (setting legacy_token_endpoint);"
            " use /realms/bsncloud/protocol/openid-connect/token."
        )
    form = Form(call)
    client = form.client()
    grant = _grant(form, "password", "refresh_token")
    with sign_in_trace.of(grant, call.address, call.now) as event:
        application = await sign_in.known_application(client, call.now, event)
        signed_in = await _person_grant(call, sign_in, form, application, event)
    person = await people.row(signed_in.person_id)
    users = await memberships.of_person(signed_in.person_id)
    return answer_json(legacy_token_answer(signed_in, person, users))


@endpoints.get("/realms/bsncloud/.well-known/openid-configuration", answer=Discovery)
async def get_discovery(call: Call) -> Answer:
    """Get the addresses of the token endpoints (RFC 8414)."""
    return answer_json(discovery(call.base_url))


@endpoints.get("/2022/06/REST/Token", statuses="400", errors="400 406 5XX", aliases=_OF_ANY_VERSION)
async def check_token_endpoint(_call: Call) -> Answer:
    """Check that the older token endpoint exists; always answers 400, as older clients expect."""
    raise Invalid("Request a token with POST and a form.")


@form_endpoints.post("/realms/bsncloud/protocol/openid-connect/token/introspect", answer=TokenState)
async def introspect_token(call: Call, sign_in: SignIn, tokens: Tokens) -> Answer:
    """Introspect a token that was issued to the calling application or to its person (RFC 7662)."""
    form = Form(call)
    application = await sign_in.application(form.client(), call.now)
    row = await tokens.find(form.required("token"), call.now)
    if row is None or row.device_id is not None or refusal(row, call.now):
        return answer_json(TokenState(active=False))
    if row.application_id != application.id and row.person_id != application.person_id:
        return answer_json(TokenState(active=False))
    return answer_json(token_state(row))


@form_endpoints.post("/realms/bsncloud/protocol/openid-connect/revoke")
async def revoke_token(call: Call, sign_in: SignIn, tokens: Tokens) -> Answer:
    """Revoke a token that was issued to the calling application (RFC 7009); an unknown one counts as revoked."""
    form = Form(call)
    application = await _application_or_own(sign_in, form.client(), call.now)
    row = await tokens.find(form.required("token"), call.now)
    if row is None:
        return Answer()
    if row.device_id is not None or row.application_id != (None if application is None else application.id):
        raise OAuthError(400, "unauthorized_client", "The token was not issued to this application.")
    act_under(row.login or OWN_CLIENT if application is None else f"application {application.client_id}")
    await tokens.revoke(row, call.now)
    return Answer()


def all_endpoints() -> list[Endpoint]:
    return [*form_endpoints, *endpoints]


def _grant(form: Form, *known: Grant) -> Grant:
    """Returns the grant that a form names. Raises `unsupported_grant_type` for an unknown one."""
    named = form.required("grant_type")
    for grant in known:
        if grant == named:
            return grant
    raise OAuthError(400, "unsupported_grant_type", f"'grant_type' must be {' or '.join(known)}.")


async def _application_or_own(
    sign_in: SignIn, client: Client, now: int, event: SignInEvent | None = None
) -> OptionalApplication:
    """Returns the application, or None for `signfleet`, which runs where it cannot have a secret (RFC 8252)."""
    if client.id == OWN_CLIENT and client.secret is None:
        if event is not None:
            event.application = OWN_CLIENT
        return None
    return await sign_in.application(client, now, event)


async def _person_grant(
    call: Call, sign_in: SignIn, form: Form, application: OptionalApplication, event: SignInEvent
) -> SignedIn:
    if event.grant == "password":
        username, password = form.required("username"), form.required("password")
        return await sign_in.with_password(username, password, application, event, call.now)
    refresh_token = form.required("refresh_token")
    return await sign_in.with_refresh_token(refresh_token, form.get("username"), application, event, call.now)


class Form:
    """The fields of a form and the credentials of its application. Raises OAuth's `invalid_request`."""

    def __init__(self, call: Call) -> None:
        self._authorization = call.header(b"authorization")
        self._fields: dict[str, str] = {}
        try:
            pairs = parse_qsl(
                (call.body or b"").decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LIMIT
            )
        except ValueError as error:
            raise _bad_request(f"The body is not a form in UTF-8 with at most {FIELDS_LIMIT} fields.") from error
        for name, value in pairs:
            if name in self._fields:
                raise _bad_request("A form field is given more than once.")
            if "\x00" in value:
                raise _bad_request("A form field contains a NUL character.")
            self._fields[name] = value

    def get(self, name: str) -> str | None:
        return self._fields.get(name) or None

    def required(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise _bad_request(f"The form field '{name}' is missing.")
        return value

    def client(self) -> Client:
        """Returns the application's credentials, from HTTP Basic or the form; if from both, they must agree."""
        scheme, _, credentials = (self._authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return Client(self.get("client_id"), self.get("client_secret"))
        try:
            client_id, colon, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
        except ValueError:  # not base64, or not UTF-8
            colon = ""
        if not colon:
            raise _bad_request("The Authorization header must be 'Basic base64(client id:client secret)'.")
        client = Client(unquote_plus(client_id), unquote_plus(secret))
        if "\x00" in f"{client.id}{client.secret}":
            raise _bad_request("The Authorization header contains a NUL character.")
        if self.get("client_id") not in (None, client.id) or self.get("client_secret") not in (None, client.secret):
            raise _bad_request("The client id or secret in the form differs from the Authorization header's.")
        return client


def _bad_request(description: str) -> OAuthError:
    return OAuthError(400, "invalid_request", description)
