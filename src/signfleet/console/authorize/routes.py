"""`/console/authorize`: a person agrees that a program on their machine acts for them (RFC 6749, section 4.1)."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from signfleet.console.forms import FormData
from signfleet.console.frame import networks_of
from signfleet.console.pages import HEADERS, Pages
from signfleet.console.view import View
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.text import fold
from signfleet.identity.sign_in.codes import (
    AuthorizationCodes,
    AuthorizationRequest,
    check_loopback,
    is_challenge,
)
from signfleet.identity.sign_in.schemas import AUTHORIZE, issuer_of
from signfleet.identity.users.service import Users
from signfleet.web.contract.oauth import OAuthError
from signfleet.web.http.call import Answer

STATE_LIMIT: Final = 512
#: The parameters that the page repeats as fields of its form.
FIELDS: Final = (
    "client_id",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "state",
)

pages = Pages("/console")


class _Asked(NamedTuple):
    """A request as the program sent it; `fault` is what is wrong with it, for the program."""

    given: dict[str, str]
    request: AuthorizationRequest
    fault: OAuthError | None


@pages.get("/authorize", needs_network=False)
async def show_consent(view: View, users: Users, authorization_codes: AuthorizationCodes) -> Answer:
    """Get the question whether a program may act for the person."""
    given = {name: view.call.parameter(name) or "" for name in FIELDS}
    asked = await _read(authorization_codes, given)
    if asked.fault is not None:
        return _back(view, asked, error=asked.fault.code, error_description=asked.fault.message)
    networks = await networks_of(view.call.person_id, users)
    hint = view.call.parameter("network")
    chosen = next(
        (row.network_id for row in networks if hint and fold(row.network_name) == fold(hint)), view.session.network_id
    )
    answer = view.page(
        "authorize.html",
        path=AUTHORIZE,
        given=given,
        program=asked.request.program,
        scopes=asked.request.scope.split(),
        networks=networks,
        chosen=chosen,
    )
    # Browsers apply the rule for forms to the address that the answer leads to, too.
    origin = f"http://{urlsplit(asked.request.redirect_uri).netloc}"
    policy = HEADERS["Content-Security-Policy"].replace("form-action 'self'", f"form-action 'self' {origin}")
    answer.headers["Content-Security-Policy"] = policy
    return answer


@pages.post("/authorize", needs_network=False)
async def decide(view: View, users: Users, authorization_codes: AuthorizationCodes) -> Answer:
    """Lead back to the program, with a code if the person has agreed."""
    form = FormData(view.call)
    asked = await _read(authorization_codes, {name: form.get(name) for name in FIELDS})
    if asked.fault is not None:
        return _back(view, asked, error=asked.fault.code, error_description=asked.fault.message)
    if form.get("decision") != "allow":
        return _back(view, asked, error="access_denied", error_description="The person has refused.")
    network_id = id_of(form.get("network")) if form.get("network") else None
    if form.get("network") and network_id not in [
        row.network_id for row in await networks_of(view.call.person_id, users)
    ]:
        raise Invalid("'network': you are a member of no such network.")
    code = await authorization_codes.issue(view.session, asked.request, network_id, view.now)
    return _back(view, asked, code=code)


async def _read(codes: AuthorizationCodes, given: dict[str, str]) -> _Asked:
    """Reads a request. Raises `Invalid` for a program or address to which no answer may go."""
    application = await codes.client(given["client_id"])
    address = check_loopback(given["redirect_uri"])
    scope, fault = "", None
    try:
        scope = codes.scope(application, given["scope"])
        if given["response_type"] != "code":
            raise OAuthError(400, "unsupported_response_type", "'response_type' must be code.")
        if given["code_challenge_method"] != "S256" or not is_challenge(given["code_challenge"]):
            raise OAuthError(400, "invalid_request", "'code_challenge' and 'code_challenge_method' S256 are needed.")
        if len(given["state"]) > STATE_LIMIT:
            raise OAuthError(400, "invalid_request", f"'state' has at most {STATE_LIMIT} characters.")
    except OAuthError as error:
        fault = error
    return _Asked(given, AuthorizationRequest(application, address, given["code_challenge"], scope), fault)


def _back(view: View, asked: _Asked, **parameters: str) -> Answer:
    """Leads to the address of the program, which is one of the person's own machine."""
    known = {"state": asked.given["state"][:STATE_LIMIT], "iss": issuer_of(view.call.base_url)}
    query = urlencode({name: value for name, value in (parameters | known).items() if value})
    return view.redirect(f"{asked.request.redirect_uri}?{query}")
