"""`/openapi.json` for programs, `/docs` for people."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from signfleet.foundation.errors import NotFound
from signfleet.foundation.settings import Settings
from signfleet.web.documentation import guides, page
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import Endpoint, Endpoints
from signfleet.web.http.media import HTML_TYPE
from signfleet.web.http.openapi import document
from signfleet.web.monitoring.protection import protect


def documentation(described: Sequence[Endpoint]) -> Endpoints:
    """Returns the endpoints that describe `described` and themselves; the first request makes their answers."""
    endpoints = Endpoints("", family="Documentation", caller="public", errors="401 404 406")

    @cache
    def whole(base: str) -> dict[str, Any]:
        return document([*described, *endpoints], base)

    @cache
    def as_json(base: str) -> Answer:
        body = msgspec.json.encode(whole(base))
        return Answer(body=body, etag=_etag(body))

    @cache
    def as_page(base: str) -> Answer:
        return _html(page.render(whole(base), base))

    @cache
    def as_guide(name: str, base: str) -> Answer:
        return _html(page.render_guide(name, base))

    @endpoints.get("/openapi.json", answer=dict[str, Any], statuses="200 304")
    async def get_openapi(call: Call, settings: Settings) -> Answer:
        """Get the description of this API as an OpenAPI 3.1 document."""
        protect(call, settings)
        return as_json(settings.public_base)

    @endpoints.get("/docs", answer=str, produces=HTML_TYPE, statuses="200 304")
    async def get_documentation(call: Call, settings: Settings) -> Answer:
        """Get the description of this API as a page to read."""
        protect(call, settings)
        return as_page(settings.public_base)

    @endpoints.get("/docs/{guide}", answer=str, produces=HTML_TYPE, statuses="200 304")
    async def get_guide(call: Call, settings: Settings, guide: str) -> Answer:
        """Get a guide, such as that to filters, as a page to read."""
        protect(call, settings)
        if guide not in guides.names():
            raise NotFound(f"There is no guide '{guide}'; there are {', '.join(guides.names())}.")
        return as_guide(guide, settings.public_base)

    return endpoints


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _html(body: bytes) -> Answer:
    headers = {"Content-Security-Policy": page.content_security_policy()}
    return Answer(body=body, etag=_etag(body), media_type=f"{HTML_TYPE}; charset=utf-8", headers=headers)
