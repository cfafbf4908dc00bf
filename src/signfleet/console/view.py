"""What a page knows of its reader, and how it answers."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from signfleet.console import rendering
from signfleet.console.frame import Frame
from signfleet.console.preferences import Preferences
from signfleet.console.translations import language_of
from signfleet.console.words import message, messages
from signfleet.web.caller.session import Session
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.media import HTML_TYPE

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Attributes with paths of this server, in templates; the last three are for scripts.
LINKS: Final = ("href", "src", "action", "formaction", "hx-get", "hx-post", "data-src", "data-find", "data-land")
_PATHS: Final = re.compile(rf'(\s(?:{"|".join(LINKS)})=")/(?!/)'.encode())
HEADERS: Final = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin"}


class View:
    """One request of a browser, and the templates in its language."""

    def __init__(self, call: Call) -> None:
        self.call = call
        #: Of whole pages for a person.
        self.frame: Frame | None = None
        #: What the person has chosen; nobody has before they sign in.
        self.preferences = Preferences()

    @property
    def session(self) -> Session:
        """Returns the session; pages that need nobody have none."""
        return self.call.session

    @property
    def now(self) -> int:
        """Returns the time of the request in ms."""
        return self.call.now

    @cached_property
    def language(self) -> str:
        return self.preferences.language or language_of(self.call.header(b"accept-language"))

    @property
    def zone(self) -> str:
        """Returns the time zone that the person has chosen, empty for none."""
        return self.preferences.zone

    @property
    def is_fragment(self) -> bool:
        """Whether a script of the page asks, which wants a part of a page."""
        return self.call.header(b"hx-request") is not None

    @property
    def is_refresh(self) -> bool:
        """Whether an open page asks for a part of itself by itself."""
        return self.call.header(b"x-refresh") is not None

    @property
    def wants_rows(self) -> bool:
        """Whether an open list asks for rows alone: for its next page, or again for a page of rows that it shows."""
        region = self.call.header(b"x-fragment") or ""
        return self.is_fragment and (region.startswith("rows") or (not region and bool(self.call.parameter("marker"))))

    @property
    def address(self) -> str:
        """Returns path and query of this view."""
        query = self.call.query
        return f"{self.call.path}?{query}" if query else self.call.path

    @cached_property
    def root(self) -> str:
        """Returns the path below which a proxy offers this server, without a slash at its end; mostly empty."""
        return urlsplit(self.call.proven_url or "").path

    def page(self, template: str, status: int = 200, **values: Any) -> Answer:
        """Answers with a template filled in, or with the block of it that a region of an open page asks for.

        Templates know this view, and who reads.
        """
        session = self.call.known_session
        values |= self._errors(values)
        known = {"view": self, "now": self.now, "login": None if session is None else session.login}
        block = (self.call.header(b"x-fragment") or "").partition("-")[0]
        body = rendering.render(self.language, template, block, zone=self.zone, **known, **values)
        if self.root:
            body = _PATHS.sub(lambda found: b"%b%b/" % (found[1], self.root.encode()), body)
        headers = {**HEADERS, "Vary": "HX-Request, X-Fragment"}
        return Answer(status, body, media_type=f"{HTML_TYPE}; charset=utf-8", headers=headers)

    def _errors(self, values: dict[str, Any]) -> dict[str, Any]:
        """Returns `error` and `errors`, by the fields beside which they stand, in the language of the reader."""
        known: dict[str, Any] = {}
        if isinstance(values.get("error"), str):
            known["error"] = message(self.language, values["error"])
        if isinstance(values.get("errors"), dict):
            known["errors"] = messages(self.language, values["errors"])
        return known

    def redirect(self, path: str) -> Answer:
        """Sends the browser to another page of the console, or to an address elsewhere."""
        if path.startswith("/"):
            path = self.root + path
        if self.is_fragment:
            return Answer(204, headers={**HEADERS, "HX-Redirect": path})
        return Answer(303, headers={**HEADERS, "Location": path})

    def error(self, status: int, text: str, retry_after: int | None = None) -> Answer:
        """Answers with a page, or in a page, that says what is wrong."""
        if self.is_fragment:
            template = "error-fragment.html"
        else:
            template = "error.html" if self.frame is None else "error-in-frame.html"
        answer = self.page(template, status, code=status, error=text)
        if self.is_fragment and self.call.method == "POST":
            answer.headers["X-Refused"] = "1"  # static/forms.js shows the message beside the form, which stays
        if retry_after is not None:
            answer.headers["Retry-After"] = str(retry_after)
        return answer

    def text(self, message: str) -> str:
        """Returns a text that is not in a template in the reader's language."""
        return rendering.text(self.language, message)
