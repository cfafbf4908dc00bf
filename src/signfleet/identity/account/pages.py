"""HTML pages from templates, locked down by headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signfleet.foundation.settings import Settings
from signfleet.foundation.templates import environment, render
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.media import HTML_TYPE

FOLDER = Path(__file__).parent / "templates"

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


class Pages:
    """Renders the pages; the operator's folder of templates replaces files of the same name."""

    def __init__(self, settings: Settings) -> None:
        self._templates = environment(FOLDER, settings.mail_templates)
        # Browsers apply form-action to the redirect after a form as well.
        allowed = [origin.strip() for origin in settings.return_origins.split(",")]
        policy = " ".join([_POLICY, *allowed]).strip()
        self._headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}

    def page(self, name: str, status: int = 200, **values: Any) -> Answer:
        """Answers with the template `page-NAME.html`, filled in."""
        text = render(self._templates, f"page-{name}.html", **values)
        return Answer(status, text.encode(), media_type=f"{HTML_TYPE}; charset=utf-8", headers=self._headers)

    def form(self, name: str, error: str | None, **values: Any) -> Answer:
        """Answers with a page that has a form: 400 with the error of the last attempt, or else 200."""
        return self.page(name, 200 if error is None else 400, error=error, **values)

    def message(self, title: str, text: str, *, status: int = 200, next_url: str | None = None) -> Answer:
        """Answers with a page that has a text and perhaps a link to continue."""
        return self.page("message", status, title=title, message=text, next_url=next_url)

    def dead_link(self) -> Answer:
        """Answers 404 for a link that does not exist, has expired or was used."""
        text = (
            "It has expired, was used, or is incomplete, or you have an account already. Ask for a new one where you"
            " came from, or for a new password if you have forgotten yours."
        )
        return self.message("This link is not good any more", text, status=404)

    def next_page(self, call: Call, return_url: str | None, title: str, text: str) -> Answer:
        """Redirects to `return_url`, or answers with a page that confirms what was done."""
        if return_url is None:
            return self.message(title, text, next_url=f"{call.base_url}/docs")
        return Answer(303, headers={**self._headers, "Location": return_url})
