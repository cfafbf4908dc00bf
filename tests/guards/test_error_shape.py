"""Whatever is wrong with a request, on whatever route: one shape of error, and never a failure of the server."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from httpx import AsyncClient, Response

from signfleet.app.wiring import endpoints
from signfleet.web.http.endpoint import FORM, Endpoint
from tests.bad_input import FOREIGN

pytestmark = [pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)]

SERVER = "http://signfleet.test"
SEGMENT = re.compile(r"\{[^}]+\}")
#: What people send where an id or a name is expected.
ODD_SEGMENTS = (
    "1",
    "0",
    "99999999999999999999",
    "no-such-thing",
    "%2F",
    "%00",
    "%FF",
    "'",
    "..",
    "%F0%9F%92%A9",
    "a" * 300,
)
ODD_BODIES = (b"", b"{", b"null", b"[]", b"{}", b'"text"', b"\xff", b'{"id": 1e999}', b"[" * 100_000, b'["\\ud800"]')
ODD_QUERIES = (
    "filter=%00",
    "filter=((",
    "sort=%FF",
    "marker=x",
    "pageSize=x",
    "filter=" + "(" * 2000,
    "filter=&sort=&marker=",
)
#: OAuth's own errors are what their clients expect of these.
OPENID = "/realms/bsncloud/protocol/openid-connect"
OAUTH = {
    f"{OPENID}/token",
    f"{OPENID}/token/introspect",
    f"{OPENID}/revoke",
    "/2022/06/REST/Token",
    "/player/v1/token",
}

OFFERED = endpoints()


def paths(segment: str = "1", only: Iterable[Endpoint] = OFFERED) -> list[tuple[str, str]]:
    """Method and address of each endpoint, with `segment` in the place of every parameter."""
    return [(endpoint.method, SERVER + SEGMENT.sub(lambda _: segment, endpoint.path)) for endpoint in only]


def check(answer: Response, *statuses: int) -> None:
    """One of these statuses, and the error body with it; any below 500 if none is named."""
    request = f"{answer.request.method} {answer.request.url} → {answer.status_code} {answer.text[:200]}"
    assert answer.status_code < 500, request
    if statuses:
        assert answer.status_code in statuses, request
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert answer.request.url.path.startswith(("/account/", "/docs")), request  # pages for people
    elif answer.status_code >= 400:
        body = answer.json()
        assert "X-Request-Id" in answer.headers, request
        if "error_description" in body or set(body) == {"error"}:
            assert answer.request.url.path in OAUTH, request
        else:
            assert list(body) == ["error", "message", "details"], request
            assert body["message"], request
            assert body["error"] == body["error"].lower(), request
            assert "Traceback" not in answer.text, request
            assert not FOREIGN.search(body["message"]), request


async def test_without_a_token(client: AsyncClient) -> None:
    for method, path in paths(only=[endpoint for endpoint in OFFERED if endpoint.caller != "public"]):
        answer = await client.request(method, path)
        check(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_with_a_method_that_is_not_there(admin: AsyncClient) -> None:
    for _, path in paths():
        answer = await admin.request("LOCK", path)
        check(answer, 405)
        assert "Allow" in answer.headers


async def test_with_an_accept_header_that_admits_nothing_we_have(admin: AsyncClient) -> None:
    for endpoint in OFFERED:
        if endpoint.caller in ("public", "device") and endpoint.family != "Monitoring":
            continue  # some look at what they are sent first
        (pair,) = paths(only=[endpoint])
        check(await admin.request(*pair, headers={"Accept": "image/png"}), 406, 403)


@pytest.mark.parametrize("body", ODD_BODIES, ids=range(len(ODD_BODIES)))
async def test_with_a_body_that_makes_no_sense(admin: AsyncClient, body: bytes) -> None:
    for endpoint in OFFERED:
        for method, path in paths(only=[endpoint]):
            content_type = endpoint.consumes[0] if endpoint.consumes else "application/json"
            check(await admin.request(method, path, content=body, headers={"Content-Type": content_type}))


async def test_with_a_body_of_another_type(admin: AsyncClient) -> None:
    for endpoint in OFFERED:
        if endpoint.body is None or endpoint.caller == "device":
            continue
        for method, path in paths(only=[endpoint]):
            answer = await admin.request(method, path, content=b"<xml/>", headers={"Content-Type": "application/xml"})
            check(answer, 415, *((400, 401) if endpoint.consumes == FORM or endpoint.caller == "public" else ()))


@pytest.mark.parametrize("segment", ODD_SEGMENTS, ids=range(len(ODD_SEGMENTS)))
async def test_with_path_segments_that_nobody_has(admin: AsyncClient, segment: str) -> None:
    for method, path in paths(segment, [endpoint for endpoint in OFFERED if "{" in endpoint.path]):
        check(await admin.request(method, path))


@pytest.mark.parametrize("query", ODD_QUERIES, ids=range(len(ODD_QUERIES)))
async def test_with_queries_that_make_no_sense(admin: AsyncClient, query: str) -> None:
    for method, path in paths(only=[endpoint for endpoint in OFFERED if endpoint.method == "GET"]):
        check(await admin.request(method, f"{path}?{query}"))


@pytest.mark.parametrize(
    "header", ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Range", "Content-Length"]
)
async def test_with_headers_that_make_no_sense(admin: AsyncClient, header: str) -> None:
    for method, path in paths():
        check(await admin.request(method, path, headers={header: "no sense"}))
