"""The console below a path of a proxy, such as `https://example.org/signage/`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from httpx import ASGITransport, AsyncClient, Response

from signfleet.app.wiring import Services, make_app
from tests.conftest import ON_SQLITE
from tests.console.browsing import LOGIN, PASSWORD
from tests.console.test_pages import paths_in

ORIGIN, PATH = "https://example.org", "/signage"
pytestmark = pytest.mark.settings(public_url=f"{ORIGIN}{PATH}/")
STATIC = Path("src/signfleet/console/static")


@pytest.fixture
async def visitor(services: Services) -> AsyncIterator[AsyncClient]:
    """A browser in front of a proxy that passes the path on."""
    async with AsyncClient(transport=ASGITransport(make_app(services)), base_url=ORIGIN) as client:
        yield client


async def _sign_in(client: AsyncClient) -> Response:
    form = {"login": LOGIN, "password": PASSWORD, "next": "/console/people/"}
    return await client.post(f"{PATH}/console/sign-in", data=form, headers={"Origin": ORIGIN})


@ON_SQLITE
async def test_the_links_of_a_page_stay_below_the_path(visitor: AsyncClient) -> None:
    """`test_pages.py` shows of every page that the attributes with its links are among those below."""
    await _sign_in(visitor)
    linked = set()
    for path in ("/console/people/", "/console/map/", "/console/profile/"):
        found = paths_in((await visitor.get(PATH + path)).text)
        assert not [link for _, link in found if link.startswith("/") and not link.startswith(f"{PATH}/")]
        linked |= {urljoin(PATH + path, link).partition("#")[0] for name, link in found if name in ("href", "src")}
    assert len(linked) > 20
    for link in linked:
        answer = await visitor.get(link)
        assert answer.status_code in (200, 303), link
        assert answer.headers.get("location", f"{PATH}/").startswith(f"{PATH}/")


@ON_SQLITE
async def test_the_cookie_and_the_ways_in_and_out_are_those_of_the_path(visitor: AsyncClient) -> None:
    asked = await visitor.get(f"{PATH}/console/players/?search=lobby")
    assert asked.headers["location"] == f"{PATH}/console/sign-in?next=%2Fconsole%2Fplayers%2F%3Fsearch%3Dlobby"
    inside = await _sign_in(visitor)
    assert inside.headers["location"] == f"{PATH}/console/people/"
    wanted = r"__Secure-signfleet=[\w-]{43}; Path=/signage/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure"
    assert re.fullmatch(wanted, inside.headers["set-cookie"])
    out = await visitor.post(f"{PATH}/console/sign-out", headers={"Origin": ORIGIN, "HX-Request": "true"})
    assert out.headers["hx-redirect"] == f"{PATH}/console/sign-in"
    assert "Path=/signage/; Max-Age=0;" in out.headers["set-cookie"]


def test_scripts_know_no_path_of_the_host() -> None:
    for script in STATIC.glob("*.js"):
        assert not re.findall(r"""(?:fetch\(|assign\(|href = )["'`]/""", script.read_text(encoding="utf-8"))
