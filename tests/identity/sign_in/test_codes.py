"""Authorization codes with PKCE: what a person agrees to, and what a stolen or altered code is worth."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation import clock
from signfleet.identity.sign_in.codes import LIFETIME, challenge_of
from tests.conftest import ON_SQLITE, ROOT, CallAs
from tests.console.browsing import confirm, send, sign_in

AUTHORIZE = "/console/authorize"
TOKEN = f"{ROOT}/realms/bsncloud/protocol/openid-connect/token"
VERIFIER = "v" * 43
BACK = "http://127.0.0.1:49152/callback"
REQUEST = {
    "response_type": "code",
    "client_id": "signfleet",
    "redirect_uri": BACK,
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "state": "s1",
}


async def consent(client: AsyncClient, **changes: str) -> Response:
    """Opens the page and agrees."""
    page = await client.get(f"{ROOT}{AUTHORIZE}", params=REQUEST | changes)
    assert page.status_code == 200, page.text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    chosen = re.findall(r'value="(\d*)" selected', page.text)
    return await send(
        client,
        AUTHORIZE,
        **{name: unescape(value) for name, value in fields.items()},
        network=chosen[0],
        decision="allow",
    )


def answered(response: Response) -> dict[str, str]:
    """Returns the parameters with which the browser is led back."""
    assert response.status_code == 303, response.text
    address = response.headers["location"]
    assert address.startswith(f"{BACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def code_of(client: AsyncClient, **changes: str) -> str:
    await sign_in(client)
    return answered(await consent(client, **changes))["code"]


async def exchange(client: AsyncClient, code: str, **changes: Any) -> Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "signfleet",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    return await client.post(TOKEN, data=form | changes)


async def test_a_person_agrees_and_the_program_acts_for_them(client: AsyncClient, call_as: CallAs) -> None:
    await sign_in(client)
    answer = answered(await consent(client))
    assert (answer["state"], answer["iss"]) == ("s1", f"{ROOT}/realms/bsncloud")
    tokens = (await exchange(client, answer["code"])).json()
    program = call_as(tokens["access_token"])
    assert (await program.get("/Devices/Count/")).json() == 0
    listed = (await program.get(f"{ROOT}/admin/v1/sessions/")).json()["items"]
    assert [each["grant"] for each in listed if each["isOwn"]] == ["authorization_code"]
    form = {"grant_type": "refresh_token", "client_id": "signfleet", "refresh_token": tokens["refresh_token"]}
    renewed = (await client.post(TOKEN, data=form)).json()
    assert (await call_as(renewed["access_token"]).get("/Devices/Count/")).json() == 0
    revoke = {"client_id": "signfleet", "token": renewed["refresh_token"]}
    assert (await client.post(f"{TOKEN.removesuffix('/token')}/revoke", data=revoke)).status_code == 200
    assert (await call_as(renewed["access_token"]).get("/Devices/Count/")).status_code == 401


async def test_a_code_that_comes_again_ends_what_it_gave(client: AsyncClient, call_as: CallAs) -> None:
    code = await code_of(client)
    tokens = (await exchange(client, code)).json()
    again = await exchange(client, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await call_as(tokens["access_token"]).get("/Devices/Count/")).status_code == 401


async def test_of_two_exchanges_at_once_at_most_one_gives_tokens(client: AsyncClient) -> None:
    code = await code_of(client)
    both = await asyncio.gather(exchange(client, code), exchange(client, code))
    assert sorted(answer.status_code for answer in both) == [200, 400]


@ON_SQLITE
@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": challenge_of(VERIFIER)},
        {"code_verifier": "v" * 42},
        {"code_verifier": "é" * 43},
        {"redirect_uri": "http://127.0.0.1:49153/callback"},
        {"redirect_uri": "https://evil.example/"},
    ],
    ids=str,
)
async def test_what_differs_from_the_request_gives_nothing_and_uses_the_code_up(
    client: AsyncClient, changes: dict[str, str]
) -> None:
    code = await code_of(client)
    refused = await exchange(client, code, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert code not in refused.text
    assert (await exchange(client, code)).status_code == 400


@ON_SQLITE
async def test_a_code_is_for_the_program_that_asked(client: AsyncClient, network: Tenant, call_as: CallAs) -> None:
    secret = {"client_id": network.client_id, "client_secret": network.client_secret}
    assert (await exchange(client, await code_of(client), **secret)).json()["error"] == "invalid_grant"
    other = call_as()
    theirs = await code_of(other, client_id=network.client_id)
    assert (await exchange(client, theirs)).json()["error"] == "invalid_grant"
    theirs = answered(await consent(other, client_id=network.client_id))["code"]
    assert (await exchange(client, theirs, client_id=network.client_id)).json()["error"] == "invalid_client"
    assert (await exchange(client, theirs, **secret)).status_code == 200


@ON_SQLITE
async def test_a_code_expires(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    code = await code_of(client)
    monkeypatch.setattr(clock, "_ahead_ms", LIFETIME + 2)
    refused = await exchange(client, code)
    assert refused.json() == {"error": "invalid_grant", "error_description": "The code has expired."}


@ON_SQLITE
@pytest.mark.parametrize(("way", "answer"), [("sign-out", send), ("profile/sign-out-everywhere", confirm)])
async def test_a_code_ends_with_the_session_that_agreed(
    client: AsyncClient, way: str, answer: Callable[..., Awaitable[Response]]
) -> None:
    code = await code_of(client)
    await answer(client, f"/console/{way}")
    assert (await exchange(client, code)).status_code == 400


@ON_SQLITE
async def test_a_locked_person_gets_no_tokens(client: AsyncClient, services: Services, network: Tenant) -> None:
    code = await code_of(client)
    await services.people.set_locked(network.login, True, clock.now(), even_last=True)
    assert (await exchange(client, code)).json()["error"] == "invalid_grant"


@ON_SQLITE
@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/",
        "http://127.0.0.1.evil.example:1/",
        "http://127.0.0.1:1@evil.example/",
        "http://evil.example\\@127.0.0.1:1/",
        "http://127.0.0.1:1/?next=https://evil.example",
        "http://127.0.0.1:1/#x",
        "http://127.0.0.1:1/\r\nSet-Cookie: a=b",
        "http://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://localhost:1/",
        "//127.0.0.1:1/",
        "javascript:alert(1)",
    ],
)
async def test_no_answer_goes_to_an_address_of_another_machine(client: AsyncClient, address: str) -> None:
    await sign_in(client)
    for answer in (
        await client.get(f"{ROOT}{AUTHORIZE}", params=REQUEST | {"redirect_uri": address}),
        await send(client, AUTHORIZE, **REQUEST | {"redirect_uri": address}, decision="allow"),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers


@ON_SQLITE
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": VERIFIER + "="}, "invalid_request"),
        ({"scope": "root"}, "invalid_scope"),
        ({"state": "s" * 513}, "invalid_request"),
    ],
)
async def test_a_program_is_told_by_an_error_what_its_request_lacks(
    client: AsyncClient, changes: dict[str, str], error: str
) -> None:
    await sign_in(client)
    asked = await client.get(f"{ROOT}{AUTHORIZE}", params=REQUEST | changes)
    assert answered(asked)["error"] == error
    sent = await send(client, AUTHORIZE, **REQUEST | changes, decision="allow")
    assert answered(sent)["error"] == error


@ON_SQLITE
async def test_a_person_may_refuse(client: AsyncClient) -> None:
    await sign_in(client)
    assert answered(await send(client, AUTHORIZE, **REQUEST)) == {
        "error": "access_denied",
        "error_description": "The person has refused.",
        "state": "s1",
        "iss": f"{ROOT}/realms/bsncloud",
    }


@ON_SQLITE
async def test_only_pages_of_this_server_can_agree(client: AsyncClient) -> None:
    await sign_in(client)
    answer = await send(client, AUTHORIZE, origin="https://evil.example", **REQUEST, decision="allow")
    assert answer.status_code == 403


@ON_SQLITE
async def test_who_is_not_signed_in_comes_back_to_the_question(client: AsyncClient) -> None:
    asked = await client.get(f"{ROOT}{AUTHORIZE}", params=REQUEST)
    target = parse_qs(urlsplit(asked.headers["location"]).query)["next"][0]
    assert target == f"{AUTHORIZE}?{urlencode(REQUEST)}"
    assert (await sign_in(client, next=target)).headers["location"] == target
    page = await client.get(f"{ROOT}{target}")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "form-action 'self' http://127.0.0.1:49152;" in page.headers["content-security-policy"]
    assert "signfleet" in page.text and BACK in page.text


@ON_SQLITE
async def test_a_program_gets_the_scopes_that_it_asks_for(client: AsyncClient, call_as: CallAs) -> None:
    code = await code_of(client, scope="bsn.api.main.devices.retrieve openid")
    tokens = (await exchange(client, code)).json()
    assert tokens["scope"] == "bsn.api.main.devices.retrieve"
    assert (await call_as(tokens["access_token"]).get("/Users/")).status_code == 403


@ON_SQLITE
async def test_the_network_is_one_of_the_person(client: AsyncClient) -> None:
    await sign_in(client)
    assert (await send(client, AUTHORIZE, **REQUEST, network="999", decision="allow")).status_code == 400
    code = answered(await send(client, AUTHORIZE, **REQUEST, network="", decision="allow"))["code"]
    assert (await exchange(client, code)).status_code == 200


@ON_SQLITE
async def test_the_secretless_client_gets_no_other_grant(client: AsyncClient, network: Tenant) -> None:
    for form in (
        {"grant_type": "client_credentials"},
        {"grant_type": "password", "username": network.login, "password": network.password},
    ):
        answer = await client.post(TOKEN, data={"client_id": "signfleet", **form})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@ON_SQLITE
async def test_the_server_says_where_programs_begin(client: AsyncClient) -> None:
    document = (await client.get(f"{ROOT}/realms/bsncloud/.well-known/openid-configuration")).json()
    assert document["authorization_endpoint"] == f"{ROOT}{AUTHORIZE}"
    assert document["code_challenge_methods_supported"] == ["S256"]
