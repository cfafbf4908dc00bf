"""Add players: the setup token, the lines that work with it, and who has arrived."""

from __future__ import annotations

import html
import re

import pytest
from httpx import AsyncClient

from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import send, sign_in
from tests.world import World

ADD = "/console/add/"


def _code(text: str) -> list[str]:
    """Returns what the page shows to copy."""
    return [html.unescape(code) for code in re.findall(r"<code>(.*?)</code>", text, re.DOTALL)]


@pytest.fixture
async def signed_in(client: AsyncClient) -> AsyncClient:
    await sign_in(client)
    return client


@ON_SQLITE
async def test_a_player_joins_with_the_line_of_the_page_and_is_shown(
    signed_in: AsyncClient, admin: AsyncClient, call_as: CallAs
) -> None:
    answer = await send(signed_in, ADD, days="7", uses="1", group="Lobby's")
    assert answer.status_code == 200
    token, simulate, register = _code(answer.text)[:3]
    assert simulate.startswith(f"SETUP_TOKEN={token} signfleet simulate --url {ROOT} --players 1 ")
    assert f"curl {ROOT}/player/v1/register -H 'Authorization: Bearer {token}'" in register
    assert "1 player may use it" in answer.text
    assert '<svg aria-hidden="true" viewBox="0 0' in answer.text
    since = re.search(r"arrivals\?since=(\d+)", answer.text)
    assert since is not None
    arrivals = f"{ROOT}{ADD}arrivals?since={since[1]}"
    assert "Waiting for the first report" in (await signed_in.get(arrivals)).text

    body = re.search(r"-d '(.*)'$", register.replace("'\"'\"'", "\0"))
    assert body is not None
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    joined = await call_as().post(f"{ROOT}/player/v1/register", content=body[1].replace("\0", "'"), headers=sent)
    assert joined.status_code == 201
    device = joined.json()["device"]["id"]
    shown = (await signed_in.get(arrivals)).text
    assert (f'href="/console/players/{device}/"' in shown, "Test player has joined" in shown) == (True, True)
    report = {"sequence": 1}
    player = {"Authorization": f"Bearer {joined.json()['access_token']}"}
    assert (await call_as().post(f"{ROOT}/player/v1/report", json=report, headers=player)).status_code == 200
    assert "Test player is here" in (await signed_in.get(arrivals)).text
    group = (await admin.get(f"{ROOT}/2022/06/REST/Devices/{device}/")).json()["settings"]["group"]["name"]
    assert group == "Lobby's"


@ON_SQLITE
async def test_a_token_that_the_reader_has_is_taken_and_no_other_one_is_made(
    signed_in: AsyncClient, admin: AsyncClient
) -> None:
    tokens = f"{ROOT}/admin/v1/setup-tokens/"
    issued = (await admin.post(tokens)).json()
    answer = await send(signed_in, ADD, token=issued["token"], days="7")
    assert _code(answer.text)[0] == issued["token"]
    assert [each["id"] for each in (await admin.get(tokens)).json()["items"]] == [issued["id"]]


@ON_SQLITE
@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"uses": "0"}, 400, "&#39;uses&#39; is a number from 1 to 1000000"),
        ({"days": "soon"}, 400, "&#39;days&#39; is a number from 1 to 3650"),
        ({"token": "unknown"}, 404, "The setup token is unknown in this network"),
    ],
)
async def test_what_is_wrong_is_said_beside_the_form(
    signed_in: AsyncClient, fields: dict[str, str], status: int, words: str
) -> None:
    answer = await send(signed_in, ADD, **fields)
    assert (answer.status_code, words in answer.text, "<form" in answer.text) == (status, True, True)


@ON_SQLITE
async def test_a_role_that_sets_up_no_players_gets_no_token(world: World, sign_in: SignIn, call_as: CallAs) -> None:
    client = call_as()
    client.cookies.set(
        "signfleet", await sign_in("viewer@example.com", role=VIEWERS), domain="signfleet.test", path="/"
    )
    assert (await client.get(ROOT + ADD)).status_code == 403
    assert (await send(client, ADD, days="7")).status_code == 403


async def test_serials_are_claimed_withdrawn_and_let_in_again(
    signed_in: AsyncClient, admin: AsyncClient, world: World
) -> None:
    serials = "/console/add/serials/"

    async def page() -> str:
        return (await signed_in.get(ROOT + serials)).text

    assert (await send(signed_in, serials, serial="Z 1")).status_code == 400
    assert (await send(signed_in, serials, serial=" Z1 ")).headers["location"] == serials
    assert 'value="Z1"' in await page()
    assert [each["serial"] for each in (await admin.get(f"{ROOT}/admin/v1/serial-claims/")).json()] == ["Z1"]
    assert (await send(signed_in, f"{serials}withdraw", serial="Z1")).status_code == 303
    assert (await send(signed_in, f"{serials}withdraw", serial="Z1")).status_code == 404
    assert (await admin.delete("/Devices/A1/")).status_code == 204
    assert 'value="A1"' in await page()
    assert (await send(signed_in, f"{serials}unblock", serial="A1")).status_code == 303
    assert 'value="A1"' not in await page()
