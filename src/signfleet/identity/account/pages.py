"""The pages as answers: HTML from templates, locked down by headers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from signfleet.foundation.settings import Settings
from signfleet.foundation.templates import environment, render
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.media import HTML_TYPE

FOLDER = Path(__file__).parent / "templates"

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


@cache
def _headers(return_origins: str) -> dict[str, str]:
    """Forms go to this server alone; browsers ask the same of where its answer leads."""
    allowed = [origin.strip() for origin in return_origins.split(",")]
    return {"Content-Security-Policy": " ".join([_POLICY, *allowed]).strip(), "Referrer-Policy": "no-referrer"}


@cache
def _templates(replaced_in: str | None) -> Environment:
    return environment(FOLDER, replaced_in)


def page(call: Call, settings: Settings, name: str, status: int = 200, **values: Any) -> Answer:
    """The template `page-NAME.html` filled in."""
    text = render(_templates(settings.mail_templates), f"page-{name}.html", **values)
    headers = _headers(settings.return_origins)
    return Answer(status, text.encode(), media_type=f"{HTML_TYPE}; charset=utf-8", headers=headers)


def message(
    call: Call, settings: Settings, title: str, text: str, *, status: int = 200, next_url: str | None = None
) -> Answer:
    return page(call, settings, "message", status, title=title, message=text, next_url=next_url)


def next_page(call: Call, settings: Settings, return_url: str | None, title: str, text: str) -> Answer:
    """Where somebody wanted to be led afterwards, or a page that says what was done and where to go on."""
    if return_url is None:
        return message(call, settings, title, text, next_url=f"{call.base_url}/docs")
    return Answer(303, headers={**_headers(settings.return_origins), "Location": return_url})
