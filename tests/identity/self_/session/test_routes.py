"""/Self/Session: which network a token works in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import build, make_app
from signfleet.foundation.settings import Settings
from signfleet.foundation.wire import datetime
from tests.conftest import BASE, ON_SQLITE, CallAs, SignIn
from tests.interleaving import reading_before_writing


@pytest.fixture
async def newcomer(call_as: CallAs, sign_in: SignIn) -> AsyncClient:
    """Returns the administrator's client without a chosen network."""
    return call_as(await sign_in(choose=False))


@pytest.mark.parametrize("by", ["name", "id"])
async def test_a_network_is_chosen_by_name_or_id(newcomer: AsyncClient, network: Tenant, by: str) -> None:
    choice = {"name": {"name": network.network.upper()}, "id": {"id": network.network_id}}[by]
    assert (await newcomer.get("/Devices/")).status_code == 403
    assert (await newcomer.get("/Self/Session/Network/")).status_code == 404
    answer = await newcomer.put("/Self/Session/Network/", json=choice)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await newcomer.get("/Self/Session/Network/")).json() == {"id": network.network_id, "name": network.network}
    assert (await newcomer.get("/Devices/")).status_code == 200


@ON_SQLITE
@pytest.mark.parametrize("choice", [{"name": "Elsewhere"}, {"id": 4711}, {}, {"name": ""}])
async def test_only_a_network_of_the_person_can_be_chosen(newcomer: AsyncClient, choice: dict[str, object]) -> None:
    answer = await newcomer.put("/Self/Session/Network/", json=choice)
    assert answer.status_code == 400
    assert "network" in answer.json()["message"]


@ON_SQLITE
async def test_an_id_and_a_name_must_refer_to_the_same_network(newcomer: AsyncClient, network: Tenant) -> None:
    wrong = await newcomer.put("/Self/Session/Network/", json={"id": network.network_id, "name": "Elsewhere"})
    assert wrong.status_code == 400
    assert "'id'" in wrong.json()["message"]
    right = {"id": network.network_id, "name": network.network.lower()}
    assert (await newcomer.put("/Self/Session/Network/", json=right)).status_code == 204


async def test_the_session_has_network_and_scopes(newcomer: AsyncClient, network: Tenant) -> None:
    before = (await newcomer.get("/Self/Session/")).json()
    assert before.keys() == {"network", "authorizationScope", "lastModifiedDate"}
    assert before["network"] is None
    await newcomer.put("/Self/Session/Network/", json={"id": network.network_id})
    after = (await newcomer.get("/Self/Session/")).json()
    assert after["network"] == {"id": network.network_id, "name": network.network}
    assert after["authorizationScope"] == "bsn.api.main bsn.api.self bsn.api.upload"
    assert (datetime.parse(after["lastModifiedDate"]) or 0) > (datetime.parse(before["lastModifiedDate"]) or 0)


async def test_an_unchanged_session_is_not_sent_again(admin: AsyncClient) -> None:
    first = await admin.get("/Self/Session/")
    again = await admin.get("/Self/Session/", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_choice_applies_to_one_token_only(newcomer: AsyncClient, call_as: CallAs, sign_in: SignIn) -> None:
    other = call_as(await sign_in(choose=False))
    await newcomer.put("/Self/Session/Network/", json={"name": "Test Network"})
    assert (await other.get("/Devices/")).status_code == 403


async def test_scopes_can_be_narrowed_and_widened_again(admin: AsyncClient) -> None:
    assert (await admin.get("/Self/Session/AuthorizationScope/")).json() == [
        "bsn.api.main",
        "bsn.api.self",
        "bsn.api.upload",
    ]
    narrow = ["bsn.api.self", "bsn.api.main.devices.retrieve"]
    assert (await admin.put("/Self/Session/AuthorizationScope/", json=narrow)).status_code == 204
    assert (await admin.get("/Self/Session/AuthorizationScope/")).json() == narrow
    assert (await admin.get("/Self/Session/")).json()["authorizationScope"] == " ".join(narrow)
    assert (await admin.get("/Devices/")).status_code == 200
    assert (await admin.post("/Provisioning/Setups/Tokens/")).status_code == 403
    assert (await admin.put("/Self/Session/AuthorizationScope/", json=["bsn.api"])).status_code == 400
    wide = ["bsn.api.self", "bsn.api.main"]
    assert (await admin.put("/Self/Session/AuthorizationScope/", json=wide)).status_code == 204
    assert (await admin.post("/Provisioning/Setups/Tokens/")).status_code == 200


@ON_SQLITE
@pytest.mark.parametrize(
    "scopes", [[], [""], ["bsn.api.self bsn.api.main"], ["bsn.api.selfish"], ["bsn.api.self."], ["cert"], "x", [1]]
)
async def test_scopes_that_were_not_granted_are_refused(admin: AsyncClient, scopes: object) -> None:
    assert (await admin.put("/Self/Session/AuthorizationScope/", json=scopes)).status_code == 400
    assert (await admin.get("/Self/Session/")).status_code == 200


async def test_of_two_conditional_changes_of_scopes_one_succeeds(admin: AsyncClient) -> None:
    address = "/Self/Session/AuthorizationScope/"
    seen = {"If-Match": (await admin.get(address)).headers["etag"]}
    narrow = ["bsn.api.self", "bsn.api.main.devices"]
    with reading_before_writing():
        answers = await asyncio.gather(*(admin.put(address, json=narrow, headers=seen) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 412]


async def test_scopes_narrowed_during_a_refresh_remain_narrow(
    client: AsyncClient, call_as: CallAs, network: Tenant
) -> None:
    form = {"client_id": "tests", "username": f"{network.network}/{network.login}", "password": network.password}
    first = (await client.post("/Token", data={**form, "grant_type": "password"})).json()
    refresh = {"grant_type": "refresh_token", "client_id": "tests", "refresh_token": first["refresh_token"]}
    caller = call_as(first["access_token"])
    with reading_before_writing():
        narrowed, renewed = await asyncio.gather(
            caller.put("/Self/Session/AuthorizationScope/", json=["bsn.api.self"]), client.post("/Token", data=refresh)
        )
    if narrowed.status_code == 204:  # otherwise the refresh revoked that token first
        scopes = await call_as(renewed.json()["access_token"]).get("/Self/Session/AuthorizationScope/")
        assert scopes.json() == ["bsn.api.self"]


async def test_a_chosen_network_survives_a_restart(newcomer: AsyncClient, settings: Settings, network: Tenant) -> None:
    await newcomer.put("/Self/Session/Network/", json={"id": network.network_id})
    restarted = await build(settings)
    try:
        app: Any = make_app(restarted)
        async with AsyncClient(transport=ASGITransport(app), base_url=BASE, headers=newcomer.headers) as client:
            assert (await client.get("/Devices/")).status_code == 200
    finally:
        await restarted.close()
