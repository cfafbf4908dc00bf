"""Pages for activation, invitations and password resets. GET shows a form and changes nothing; POST is the form."""

from __future__ import annotations

from urllib.parse import parse_qsl

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.identity.access.passwords import POLICY
from signfleet.identity.account.pages import Pages
from signfleet.identity.invitations.service import Invitations
from signfleet.identity.people.links import ACTIVATE, INVITATION, RESET, OneTimeLinks
from signfleet.identity.people.registration import Registrations
from signfleet.identity.roles.system import role_name
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import FORM, Declaration, Endpoints, Parameter
from signfleet.web.http.media import HTML_TYPE

TOKEN = Parameter("token", "The token of the link in the mail.")

endpoints = Endpoints(
    "/account",
    family="Account",
    caller="public",
    produces=HTML_TYPE,
    answer=str,
    secret=True,
    parameters=(TOKEN,),
    errors="400 404 406 5XX",
)

_FORM = Declaration(
    body=bytes,
    body_optional=True,
    body_limit=16_384,
    consumes=FORM,
    statuses="200 303",
    errors="400 404 406 413 415 5XX",
)


@endpoints.get("/activate")
async def show_activation(call: Call, one_time_links: OneTimeLinks, pages: Pages) -> Answer:
    """Get the page on which a new account is activated."""
    return await _activation_page(call, one_time_links, pages, call.parameter("token") or "")


@endpoints.post("/activate", **_FORM)
async def activate(call: Call, registrations: Registrations, pages: Pages, one_time_links: OneTimeLinks) -> Answer:
    """Activate a new account with the password of the form."""
    fields = _fields(call)
    token, password = fields.get("token", ""), fields.get("password", "")
    try:
        return_url = await registrations.activate(token, password, call.now)
    except Invalid as error:
        return await _activation_page(call, one_time_links, pages, token, _in_words(error))
    except NotFound:
        return pages.dead_link()
    return pages.next_page(call, return_url, "Your account is active", "You can sign in now.")


@endpoints.get("/invitation")
async def show_invitation(call: Call, invitations: Invitations, pages: Pages) -> Answer:
    """Get the page on which an invitation is accepted or declined."""
    return await _invitation_page(call, invitations, pages, call.parameter("token") or "")


@endpoints.post("/invitation", **_FORM)
async def answer_invitation(call: Call, invitations: Invitations, pages: Pages) -> Answer:
    """Accept or decline an invitation; accepting creates a missing account with the password of the form."""
    fields = _fields(call)
    token, decision = fields.get("token", ""), fields.get("decision")
    try:
        if decision == "decline":
            await invitations.decline_by_link(token, call.now)
            return pages.message("You have declined", "The network no longer has a user for you.")
        if decision != "accept":
            raise Invalid("Choose whether to accept or to decline.")
        await invitations.accept_by_link(token, fields.get("password", ""), call.now)
    except Invalid as error:
        return await _invitation_page(call, invitations, pages, token, _in_words(error))
    except NotFound:
        return pages.dead_link()
    return pages.next_page(call, None, "You are a member", "You can sign in now.")


@endpoints.get("/reset")
async def show_reset(call: Call, one_time_links: OneTimeLinks, pages: Pages) -> Answer:
    """Get the page on which a new password is chosen."""
    return await _reset_page(call, one_time_links, pages, call.parameter("token") or "")


@endpoints.post("/reset", **_FORM)
async def reset(call: Call, registrations: Registrations, pages: Pages, one_time_links: OneTimeLinks) -> Answer:
    """Reset the password, end all sessions of the person, and redirect to the URL of the link."""
    fields = _fields(call)
    token, password = fields.get("token", ""), fields.get("password", "")
    if password != fields.get("repeated", ""):
        return await _reset_page(call, one_time_links, pages, token, "The two passwords differ.")
    try:
        return_url = await registrations.reset(token, password, call.now)
    except Invalid as error:
        return await _reset_page(call, one_time_links, pages, token, _in_words(error))
    except NotFound:
        return pages.dead_link()
    return pages.next_page(call, return_url, "Your new password is set", "You can sign in with it now.")


async def _activation_page(
    call: Call, one_time_links: OneTimeLinks, pages: Pages, token: str, error: str | None = None
) -> Answer:
    person = await one_time_links.find(ACTIVATE, token, call.now)
    if person is None or person.account_id is not None:
        return pages.dead_link()
    return pages.form(
        ACTIVATE,
        error,
        title="Activate your account",
        login=person.login,
        token=token,
        policy=f"The one you registered with, or a new one. {POLICY}",
    )


async def _invitation_page(
    call: Call, invitations: Invitations, pages: Pages, token: str, error: str | None = None
) -> Answer:
    found = await invitations.of_link(token, call.now)
    if found is None:
        return pages.dead_link()
    link, user = found
    return pages.form(
        INVITATION,
        error,
        title="You are invited",
        login=link.login,
        network=user.network_name,
        role=role_name(user),
        has_account=link.account_id is not None,
        needs_password=not link.is_proved,
        token=token,
        policy=POLICY,
    )


async def _reset_page(
    call: Call, one_time_links: OneTimeLinks, pages: Pages, token: str, error: str | None = None
) -> Answer:
    person = await one_time_links.find(RESET, token, call.now)
    if person is None:
        return pages.dead_link()
    return pages.form(
        RESET,
        error,
        title="Choose a new password",
        login=person.login,
        token=token,
        policy=POLICY,
        is_proved=person.is_proved,
    )


def _in_words(error: Invalid) -> str:
    """Returns the message of an error for a page, where a field has no name."""
    return error.message.replace("'password'", "This password")


def _fields(call: Call) -> dict[str, str]:
    """Returns the fields of the form; one that cannot be read has none, and so no valid token."""
    try:
        return dict(parse_qsl((call.body or b"").decode(), keep_blank_values=True, errors="strict", max_num_fields=20))
    except ValueError:
        return {}
