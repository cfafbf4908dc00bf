"""`/console/` and `/console/sign-in`: the way in by a form, and out."""

from __future__ import annotations

from signfleet.console.cookies import session_cookie
from signfleet.console.forms import FormData
from signfleet.console.origin import own_path
from signfleet.console.pages import NETWORKS, SIGN_IN, START, Pages
from signfleet.console.view import View
from signfleet.foundation.errors import SignfleetError, Throttled
from signfleet.identity.sign_in.browser import BrowserSessions
from signfleet.identity.sign_in.trace import SignInTrace
from signfleet.web.http.call import Answer

pages = Pages("/console")


@pages.get("/")
async def start(view: View) -> Answer:
    """Get the first section that the person may see."""
    sections = view.frame.sections if view.frame is not None else []
    return view.redirect(sections[0].path if sections else NETWORKS)


@pages.get("/sign-in", needs_person=False)
async def show_sign_in(view: View) -> Answer:
    """Get the form to sign in."""
    return _form(view, own_path(view.call.parameter("next")) or START)


@pages.post("/sign-in", needs_person=False)
async def sign_in(view: View, sessions: BrowserSessions, sign_in_trace: SignInTrace) -> Answer:
    """Open a session for the login and password of the form."""
    call, form = view.call, FormData(view.call)
    target = own_path(form.get("next")) or START
    try:
        with sign_in_trace.of("browser", call.address, call.now) as event:
            opened = await sessions.open(form.get("login"), form.get("password"), event, call.now)
    except SignfleetError as error:
        status = 429 if isinstance(error, Throttled) else 400
        return _form(view, target, login=form.get("login"), error=error.message, status=status)
    answer = view.redirect(target)
    answer.headers["Set-Cookie"] = session_cookie(call, opened.issued.access_token, sessions.longest)
    return answer


@pages.post("/sign-out", needs_network=False)
async def sign_out(view: View, sessions: BrowserSessions) -> Answer:
    """End the session of this browser."""
    await sessions.close(view.session)
    answer = view.redirect(SIGN_IN)
    answer.headers["Set-Cookie"] = session_cookie(view.call, "", 0)
    return answer


def _form(view: View, target: str, *, login: str = "", error: str | None = None, status: int = 200) -> Answer:
    is_plain = not view.call.is_over_tls and not _is_loopback(view)
    return view.page("sign-in.html", status, next=target, given_login=login, error=error, is_plain=is_plain)


def _is_loopback(view: View) -> bool:
    host = (view.call.header(b"host") or "").rpartition(":")[0] or (view.call.header(b"host") or "")
    return host in ("localhost", "127.0.0.1", "[::1]") or host.endswith(".localhost")
