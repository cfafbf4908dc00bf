"""Signing in and out of the console by its form."""

from __future__ import annotations

import re

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.foundation import clock
from signfleet.foundation.errors import Unauthenticated
from signfleet.foundation.wire import timespan
from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import LOGIN, PASSWORD, send, sign_in

PLAYERS = f"{ROOT}/console/players/"


async def test_the_form_opens_a_session_in_the_only_network(client: AsyncClient) -> None:
    answer = await sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"signfleet=[\w-]{43}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax", cookie)
    assert (await client.get(PLAYERS)).status_code == 200


@ON_SQLITE
async def test_a_cookie_that_somebody_has_planted_is_replaced(client: AsyncClient) -> None:
    await sign_in(client)
    planted = client.cookies["signfleet"]
    assert (await sign_in(client)).status_code == 303
    assert client.cookies["signfleet"] != planted
    assert planted not in str(client.cookies)


@ON_SQLITE
async def test_pages_lead_to_the_form_and_back(client: AsyncClient) -> None:
    asked = await client.get(f"{PLAYERS}?filter=[Id] > 1")
    assert asked.status_code == 303
    form = await client.get(ROOT + asked.headers["location"])
    wanted = re.search(r'name="next" value="([^"]+)"', form.text)
    assert wanted
    answer = await sign_in(client, next=wanted[1])
    assert answer.headers["location"].startswith("/console/players/?filter=")


@ON_SQLITE
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/console/\\evil.example",
        "/console/\r\nX: 1",
        "/docs",
        "/console/../docs",
        "/console/%2E./docs?x=1",
    ],
)
async def test_the_form_leads_to_no_other_place(client: AsyncClient, target: str) -> None:
    assert (await sign_in(client, next=target)).headers["location"] == "/console/"


@ON_SQLITE
async def test_a_wrong_password_is_explained_and_the_login_stays(client: AsyncClient) -> None:
    answer = await sign_in(client, password="wrong")
    assert answer.status_code == 400
    assert "The login or the password is wrong" in answer.text
    assert f'value="{LOGIN}"' in answer.text
    assert "wrong" not in re.findall(r'value="([^"]*)"', answer.text)
    assert "set-cookie" not in answer.headers


@ON_SQLITE
async def test_guesses_count_with_those_at_the_token_endpoint(client: AsyncClient) -> None:
    for _ in range(10):
        await sign_in(client, password="wrong")
    assert (await sign_in(client)).status_code == 429


@ON_SQLITE
async def test_over_tls_the_cookie_belongs_to_the_host_alone(client: AsyncClient) -> None:
    answer = await client.post(
        "https://signfleet.test/console/sign-in",
        data={"login": LOGIN, "password": PASSWORD},
        headers={"Origin": "https://signfleet.test"},
    )
    assert answer.headers["set-cookie"].startswith("__Host-signfleet=")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax; Secure")


@ON_SQLITE
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://signfleet.test.evil.example", ""])
async def test_forms_of_other_sites_change_nothing(client: AsyncClient, origin: str) -> None:
    await sign_in(client)
    assert (await send(client, "/console/sign-out", origin=origin)).status_code == 403
    assert (await client.get(PLAYERS)).status_code == 200


@ON_SQLITE
async def test_after_signing_out_the_token_is_worthless(client: AsyncClient) -> None:
    await sign_in(client)
    token = client.cookies["signfleet"]
    answer = await send(client, "/console/sign-out")
    assert (answer.headers["location"], "Max-Age=0" in answer.headers["set-cookie"]) == ("/console/sign-in", True)
    client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    assert (await client.get(PLAYERS)).status_code == 303


async def test_a_session_ends_when_it_is_idle(client: AsyncClient, services: Services) -> None:
    await sign_in(client)
    token, sessions = client.cookies["signfleet"], services.browser_sessions
    begin, idle = clock.now(), 720 * timespan.MINUTE
    used = begin + idle - timespan.MINUTE
    await sessions.find(token, "192.0.2.1", used)
    await sessions.find(token, "192.0.2.1", used + idle - timespan.MINUTE, is_use=False)
    with pytest.raises(Unauthenticated, match="expired"):
        await sessions.find(token, "192.0.2.1", used + idle)


async def test_a_session_ends_in_any_case(client: AsyncClient, services: Services) -> None:
    await sign_in(client)
    token, sessions, begin = client.cookies["signfleet"], services.browser_sessions, clock.now()
    for hours in range(11, 7 * 24, 11):
        await sessions.find(token, "192.0.2.1", begin + hours * timespan.HOUR)
    with pytest.raises(Unauthenticated, match="expired"):
        await sessions.find(token, "192.0.2.1", begin + 7 * timespan.DAY + timespan.SECOND)


@ON_SQLITE
async def test_the_session_is_listed_and_can_be_ended_elsewhere(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    (listed,) = [each for each in (await admin.get(f"{ROOT}/admin/v1/sessions/")).json()["items"] if not each["isOwn"]]
    assert listed["grant"] == "browser"
    await admin.delete(f"{ROOT}/admin/v1/sessions/{listed['id']}/")
    assert (await client.get(PLAYERS)).status_code == 303


@ON_SQLITE
async def test_pages_are_locked_down_and_not_stored(client: AsyncClient) -> None:
    headers = (await client.get(f"{ROOT}/console/sign-in")).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
