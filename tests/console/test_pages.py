"""What every page of the console has in common."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from httpx import AsyncClient

from signfleet.console.assets import asset
from signfleet.console.view import LINKS
from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import sign_in

PATHS = [
    "/console/now/",
    "/console/players/",
    "/console/map/",
    "/console/wall/",
    "/console/wall/?kiosk=1",
    "/console/wall/links/",
    "/console/jobs/",
    "/console/alerts/",
    "/console/alerts/rules/",
    "/console/alerts/rules/new/",
    "/console/alerts/windows/",
    "/console/alerts/webhooks/",
    "/console/alerts/webhooks/new/",
    "/console/add/",
    "/console/add/serials/",
    "/console/groups/",
    "/console/tags/",
    "/console/subscriptions/",
    "/console/networks/",
    "/console/networks/players/",
    "/console/people/",
    "/console/people/invite/",
    "/console/people/roles/",
    "/console/people/roles/1/",
    "/console/people/roles/new/",
    "/console/people/permissions/",
    "/console/people/permissions/roles/2/",
    "/console/people/permissions/users/1/",
    "/console/people/applications/",
    "/console/people/setup-tokens/",
    "/console/audit/",
    "/console/settings/",
    "/console/profile/",
]


class _Paths(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The hidden field `next` names a page of the console, to which the server leads.
        self.found += [(name, value) for name, value in attrs if value and value[0] in "/?#" and name != "value"]


def paths_in(page: str) -> list[tuple[str, str]]:
    """Returns every attribute of a page with an address of this server."""
    return _Paths(page).found


@ON_SQLITE
async def test_pages_need_a_person(client: AsyncClient) -> None:
    for path in PATHS:
        answer = await client.get(ROOT + path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/sign-in?next=")


async def test_pages_open_and_refer_to_this_server_alone(client: AsyncClient) -> None:
    await sign_in(client)
    files: set[str] = set()
    for path in PATHS:
        answer = await client.get(ROOT + path)
        assert answer.status_code == 200, path
        links = paths_in(answer.text)
        assert links
        assert not re.findall(r'(?:href|src|action)="(?:[^/#?]|//)', answer.text)
        # `View.page` puts the path of a proxy before the values of these attributes, and of no others.
        assert {name for name, link in links if link.startswith("/")} <= set(LINKS)
        files |= {link for _, link in links if link.startswith("/console/static/")}
    for file in files:
        assert (await client.get(ROOT + file)).headers["cache-control"].endswith("immutable")


@ON_SQLITE
@pytest.mark.parametrize("path", ["/console/nowhere", "/console/no/page/", "/console/players/7/nothing/at/all"])
async def test_an_address_without_a_page_says_so_on_a_page(client: AsyncClient, path: str) -> None:
    assert (await client.get(ROOT + path)).status_code == 303
    await sign_in(client)
    answer = await client.get(ROOT + path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no page at this address." in answer.text
    assert 'class="rail"' in answer.text


@ON_SQLITE
@pytest.mark.parametrize(
    ("accepted", "language"), [("de-AT,en;q=0.5", "de"), ("pt", "pt-BR"), ("xx", "en"), ("ja;q=0", "en")]
)
async def test_pages_have_the_language_that_the_browser_prefers(
    client: AsyncClient, accepted: str, language: str
) -> None:
    answer = await client.get(f"{ROOT}/console/sign-in", headers={"Accept-Language": accepted})
    assert f'<html lang="{language}"' in answer.text


@ON_SQLITE
async def test_a_filter_with_a_fault_says_where_it_is(client: AsyncClient) -> None:
    await sign_in(client)
    answer = await client.get(f"{ROOT}/console/players/?search=[Id] >")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert 'value="[Id] &gt;"' in answer.text


@ON_SQLITE
async def test_a_script_that_asks_without_a_session_is_sent_to_the_form(client: AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/console/players/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/console/sign-in")


@ON_SQLITE
async def test_files_are_compressed_for_who_accepts_it(client: AsyncClient) -> None:
    path = f"{ROOT}{asset('console.css')}"
    plain, packed = [await client.get(path, headers={"Accept-Encoding": each}) for each in ("identity", "gzip")]
    assert plain.content == packed.content
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
