"""Activation, invitations, password reset: a page to look at, which changes nothing, and its form, which does."""

from __future__ import annotations

from urllib.parse import parse_qsl

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.settings import Settings
from signfleet.identity.access.passwords import POLICY
from signfleet.identity.account.pages import message, next_page, page
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
async def show_activation(call: Call, one_time_links: OneTimeLinks, settings: Settings) -> Answer:
    """Show the page on which a new account is activated."""
    return await _activation_page(call, one_time_links, settings, call.parameter("token") or "")


@endpoints.post("/activate", **_FORM)
async def activate(
    call: Call, registrations: Registrations, settings: Settings, one_time_links: OneTimeLinks
) -> Answer:
    """Activate a new account with the password that the form brings."""
    fields = _fields(call)
    token, password = fields.get("token", ""), fields.get("password", "")
    try:
        return_url = await registrations.activate(token, password, call.now)
    except Invalid as error:
        return await _activation_page(call, one_time_links, settings, token, _in_words(error))
    except NotFound:
        return _not_good(call, settings)
    return next_page(call, settings, return_url, "Your account is active", "You can sign in now.")


@endpoints.get("/invitation")
async def show_invitation(call: Call, invitations: Invitations, settings: Settings) -> Answer:
    """Show the page on which an invitation is accepted or declined."""
    return await _invitation_page(call, invitations, settings, call.parameter("token") or "")


@endpoints.post("/invitation", **_FORM)
async def answer_invitation(call: Call, invitations: Invitations, settings: Settings) -> Answer:
    """Accept or decline an invitation; without an account, accepting makes one with the password of the form."""
    fields = _fields(call)
    token, decision = fields.get("token", ""), fields.get("decision")
    try:
        if decision == "decline":
            await invitations.decline_by_link(token, call.now)
            return message(call, settings, "You have declined", "The network no longer has a user for you.")
        if decision != "accept":
            raise Invalid("Choose whether to accept or to decline.")
        await invitations.accept_by_link(token, fields.get("password", ""), call.now)
    except Invalid as error:
        return await _invitation_page(call, invitations, settings, token, _in_words(error))
    except NotFound:
        return _not_good(call, settings)
    return next_page(call, settings, None, "You are a member", "You can sign in now.")


@endpoints.get("/reset")
async def show_reset(call: Call, one_time_links: OneTimeLinks, settings: Settings) -> Answer:
    """Show the page on which a new password is chosen."""
    return await _reset_page(call, one_time_links, settings, call.parameter("token") or "")


@endpoints.post("/reset", **_FORM)
async def reset(call: Call, registrations: Registrations, settings: Settings, one_time_links: OneTimeLinks) -> Answer:
    """Set a new password, end all sessions of the person, and lead to where they wanted."""
    fields = _fields(call)
    token, password = fields.get("token", ""), fields.get("password", "")
    if password != fields.get("repeated", ""):
        return await _reset_page(call, one_time_links, settings, token, "The two passwords differ.")
    try:
        return_url = await registrations.reset(token, password, call.now)
    except Invalid as error:
        return await _reset_page(call, one_time_links, settings, token, _in_words(error))
    except NotFound:
        return _not_good(call, settings)
    return next_page(call, settings, return_url, "Your new password is set", "You can sign in with it now.")


async def _activation_page(
    call: Call, one_time_links: OneTimeLinks, settings: Settings, token: str, error: str | None = None
) -> Answer:
    person = await one_time_links.find(ACTIVATE, token, call.now)
    if person is None or person.account_id is not None:
        return _not_good(call, settings)
    status = 200 if error is None else 400
    title = "Activate your account"
    return page(
        call,
        settings,
        ACTIVATE,
        status,
        title=title,
        login=person.login,
        token=token,
        error=error,
        policy=f"The one you registered with, or a new one. {POLICY}",
    )


async def _invitation_page(
    call: Call, invitations: Invitations, settings: Settings, token: str, error: str | None = None
) -> Answer:
    found = await invitations.of_link(token, call.now)
    if found is None:
        return _not_good(call, settings)
    link, user = found
    return page(
        call,
        settings,
        INVITATION,
        200 if error is None else 400,
        title="You are invited",
        login=link.login,
        network=user.network_name,
        role=role_name(user),
        has_account=link.account_id is not None,
        needs_password=not link.is_proved,
        token=token,
        error=error,
        policy=POLICY,
    )


async def _reset_page(
    call: Call, one_time_links: OneTimeLinks, settings: Settings, token: str, error: str | None = None
) -> Answer:
    person = await one_time_links.find(RESET, token, call.now)
    if person is None:
        return _not_good(call, settings)
    return page(
        call,
        settings,
        RESET,
        200 if error is None else 400,
        title="Choose a new password",
        login=person.login,
        token=token,
        error=error,
        policy=POLICY,
        is_proved=person.is_proved,
    )


def _not_good(call: Call, settings: Settings) -> Answer:
    text = (
        "It has expired, was used, or is incomplete, or you have an account already. Ask for a new one where you came"
        " from, or for a new password if you have forgotten yours."
    )
    return message(call, settings, "This link is not good any more", text, status=404)


def _in_words(error: Invalid) -> str:
    """What is wrong, for people who see a field and not its name."""
    return error.message.replace("'password'", "This password")


def _fields(call: Call) -> dict[str, str]:
    """The form; one that cannot be read has no fields, and so no good token."""
    try:
        return dict(parse_qsl((call.body or b"").decode(), keep_blank_values=True, errors="strict", max_num_fields=20))
    except ValueError:
        return {}
