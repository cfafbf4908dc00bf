"""`/openapi.json` and `/docs`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from signfleet.app import wiring
from signfleet.foundation.settings import Settings
from signfleet.web.documentation import guides
from signfleet.web.http.asgi_app import AsgiApp

PATHS = ("/docs", "/docs/{guide}", "/openapi.json")


def served(settings: Settings) -> AsgiApp:
    """The documentation of all endpoints alone, which is public."""
    no_gate: Any = None
    endpoints = [endpoint for endpoint in wiring.endpoints() if endpoint.path in PATHS]
    return AsgiApp(endpoints, {Settings: settings}, no_gate)


@pytest.fixture(scope="module")
def app() -> AsgiApp:
    """Answers that the first request makes are the same for all tests."""
    return served(Settings())


@pytest.fixture
async def client(app: AsgiApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://signfleet.test") as client:
        yield client


class Page(HTMLParser):
    """The places of a page, and where its links and resources point."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            elif name == "href" and tag == "a":
                self.links.append(str(value))
            elif name in ("src", "href", "srcset", "action"):
                self.loaded.append(str(value))


async def test_the_document_describes_itself(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert {"/openapi.json", "/docs", "/health/ready", "/2022/06/REST/Devices/"} <= set(answer.json()["paths"])


async def test_an_unchanged_document_is_304(client: httpx.AsyncClient) -> None:
    for path in ("/openapi.json", "/docs"):
        etag = (await client.get(path)).headers["ETag"]
        again = await client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_page_is_for_browsers_and_406_for_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (await client.get("/docs", headers={"Accept": "application/json"})).status_code == 406


async def test_the_page_loads_no_other_resource(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert Page(answer.text).loaded == []
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")


async def test_every_link_of_the_page_leads_somewhere(client: httpx.AsyncClient) -> None:
    page = Page((await client.get("/docs")).text)
    assert len(page.ids) == len(set(page.ids))
    other = {link for link in page.links if not link.startswith("#")}
    assert {"/openapi.json", "/docs/expressions", "/docs/player-protocol", "/docs/settings"} <= other
    for link in other:
        assert (await client.get(link)).status_code == 200, link
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


@pytest.mark.parametrize("name", guides.names())
async def test_a_guide_refers_to_places_that_there_are(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/docs/{name}")
    page = Page(answer.text)
    assert (answer.status_code, page.loaded) == (200, [])
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        path, _, place = link.partition("#")
        if path.startswith("https://"):
            continue
        there = page if not path else Page((await client.get(path)).text)
        assert not place or place in there.ids, link


async def test_guides_show_markup_as_text_and_what_does_not_exist_is_404(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs/player-protocol")
    assert '<h1 id="the-player-protocol-version-11">' in answer.text
    assert '<th scope="col">call</th>' in answer.text
    assert "<access token>" not in answer.text and "&lt;access token&gt;" in answer.text
    for name in ("architecture", "..%2Fpage", "x"):
        assert (await client.get(f"/docs/{name}")).status_code == 404


@pytest.mark.parametrize("path", ["", "/signs"])
async def test_below_a_path_of_a_proxy_every_address_has_the_path(path: str) -> None:
    """Whether the proxy takes the path off, or passes it on."""
    base = "https://example.com/signs"
    app = served(Settings(public_url=f"{base}/"))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://signfleet.test")
    api = (await client.get(f"{path}/openapi.json")).json()
    assert api["servers"] == [{"url": base}]
    token = api["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"]["tokenUrl"]
    assert token.startswith(f"{base}/realms/")
    page = Page((await client.get(f"{path}/docs")).text)
    assert {f"{base}/openapi.json"} < {link for link in page.links if not link.startswith("#")}
    assert all(link.startswith(("#", f"{base}/")) for link in page.links)
    assert (await client.get("/signsX/docs")).status_code == 404


async def test_the_page_has_every_operation(client: httpx.AsyncClient) -> None:
    api, page = (await client.get("/openapi.json")).json(), Page((await client.get("/docs")).text)
    ids = {operation["operationId"] for operations in api["paths"].values() for operation in operations.values()}
    assert ids <= set(page.ids)


@pytest.mark.parametrize("path", ["/", ""])
async def test_a_browser_at_the_root_is_led_to_the_console(client: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = await client.request(method, path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/console/")
        assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
async def test_a_program_at_the_root_gets_a_json_error(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/", headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.json()["message"] == "There is nothing at this address."
    answer = await client.get("/nowhere", headers={"Accept": "text/html"})
    assert answer.status_code == 404


async def test_the_root_below_a_path_leads_to_the_console_there() -> None:
    settings = Settings(public_url="https://signs.example/fleet/")
    transport = httpx.ASGITransport(served(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://signfleet.test") as client:
        answer = await client.get("/fleet/", headers={"Accept": "text/html"})
    assert answer.headers["Location"] == "/fleet/console/"
