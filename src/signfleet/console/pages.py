"""Declares pages: who may open one, and how its errors look.

    pages = Pages("/console/players")

    @pages.get("/", operation=VIEW_DEVICE)
    async def list_players(view: View, devices: Devices) -> Answer:
        return view.page("players/list.html", devices=await devices.…)

A page needs a browser session with a chosen network, unless it says otherwise. A change needs a form of this server.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, get_type_hints
from urllib.parse import quote

from signfleet.console.cookies import session_cookie, session_token
from signfleet.console.frame import frame_of
from signfleet.console.origin import check_same_origin
from signfleet.console.preferences import preferences_of
from signfleet.console.view import HEADERS, View
from signfleet.foundation.errors import SignfleetError, Unauthenticated, Unavailable
from signfleet.foundation.storage.interface import StorageError
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.profiles.service import Profiles
from signfleet.identity.sign_in.browser import BrowserSessions
from signfleet.identity.users.service import Users
from signfleet.web.caller.actor import act_as
from signfleet.web.contract.conditional import TooSoon
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import FORM, Endpoint, Endpoints
from signfleet.web.http.errors import STORE_FAILED, status_of
from signfleet.web.http.event_streams import asks_for_stream
from signfleet.web.http.media import HTML_TYPE

log = logging.getLogger(__name__)

#: Where people go who do not come from another page: leads to the first section that they may see.
START: Final = "/console/"
SIGN_IN: Final = "/console/sign-in"
NETWORKS: Final = "/console/networks"
FORM_LIMIT: Final = 65_536

Page = Callable[..., Awaitable[Answer]]


class Pages:
    """Collects the pages of one part; every path begins with `prefix`."""

    def __init__(self, prefix: str) -> None:
        self._endpoints = Endpoints(prefix, family="Console", caller="public", produces=HTML_TYPE)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._endpoints)

    def get(self, path: str, *, streams: bool = False, **needs: Any) -> Callable[[Page], Page]:
        """Declares a page, or a stream of events. See `_guarded` for what it may need."""

        def declare(page: Page) -> Page:
            self._endpoints.get(path, streams=streams)(_guarded(page, is_change=False, **needs))
            return page

        return declare

    def post(self, path: str, **needs: Any) -> Callable[[Page], Page]:
        """Declares what a form sends. See `_guarded` for what it may need."""

        def declare(page: Page) -> Page:
            self._endpoints.post(path, body=bytes, body_optional=True, body_limit=FORM_LIMIT, consumes=FORM)(
                _guarded(page, is_change=True, **needs)
            )
            return page

        return declare


def _guarded(
    page: Page,
    *,
    is_change: bool,
    operation: Operation | None = None,
    needs_network: bool = True,
    needs_person: bool = True,
) -> Page:
    """Returns a handler that checks the caller before `page`, and turns errors into pages.

    `operation` is what the caller must be allowed to do on something at least.
    """

    async def handle(
        call: Call,
        browser_sessions: BrowserSessions,
        permissions: Permissions,
        users: Users,
        profiles: Profiles,
        **given: Any,
    ) -> Answer:
        view = View(call)
        given |= {"users": users} if "users" in hints else {}
        given |= {"permissions": permissions} if "permissions" in hints else {}
        given |= {"profiles": profiles} if "profiles" in hints else {}
        try:
            if is_change:
                check_same_origin(call)
            if needs_person:
                await _find_person(call, browser_sessions)
                view.preferences = await preferences_of(call.person_id, profiles)
                if not view.is_fragment and not asks_for_stream(call):
                    view.frame = await frame_of(call.session, permissions, users)
                if needs_network and call.session.network_id is None:
                    return view.redirect(NETWORKS)
                if operation is not None:
                    await permissions.require(call.session, operation)
            answer = await page(view, **given)
            answer.headers = HEADERS | answer.headers
            return answer
        except TooSoon:
            raise
        except (SignfleetError, StorageError) as error:
            return _refused(view, error)

    hints = {name: kind for name, kind in get_type_hints(page).items() if kind is not View}
    own = {
        "call": Call,
        "browser_sessions": BrowserSessions,
        "permissions": Permissions,
        "users": Users,
        "profiles": Profiles,
    }
    handle.__annotations__ = hints | own
    handle.__doc__, handle.__name__, handle.__module__ = page.__doc__, page.__name__, page.__module__
    return handle


def _refused(view: View, error: SignfleetError | StorageError) -> Answer:
    """Returns the page that shows an error."""
    if isinstance(error, Unauthenticated):
        return _sign_in_first(view)
    if isinstance(error, SignfleetError):
        return view.error(status_of(error), error.message, error.retry_after)
    log.error("storage failed: %s", error)
    return view.error(503, STORE_FAILED, Unavailable("").retry_after)


async def _find_person(call: Call, browser_sessions: BrowserSessions) -> None:
    """Sets the session of the call. Raises `Unauthenticated` without one."""
    token = session_token(call)
    if token is None:
        raise Unauthenticated("Nobody is signed in.")
    is_refresh = call.header(b"x-refresh") is not None or asks_for_stream(call)
    call.session = await browser_sessions.find(token, call.address, call.now, is_use=not is_refresh)
    act_as(call.actor)


def _sign_in_first(view: View) -> Answer:
    """Redirects to the form for signing in, which leads back to the page that the caller wanted."""
    call = view.call
    target = SIGN_IN
    if call.method == "GET" and not view.is_fragment:
        target += f"?next={quote(view.address, safe='')}"
    answer = view.redirect(target)
    if session_token(call) is not None:
        answer.headers["Set-Cookie"] = session_cookie(call, "", 0)
    return answer


__all__ = ["HEADERS", "NETWORKS", "SIGN_IN", "START", "Answer", "Pages", "View"]
