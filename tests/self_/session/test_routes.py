"""/Self/Session: which network a token works in."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from signfleet.founding import Founded
from tests.conftest import CallAs, SignIn


@pytest.fixture
async def newcomer(call_as: CallAs, sign_in: SignIn) -> AsyncClient:
    """The administrator with no network chosen yet."""
    return call_as(await sign_in(choose=False))


@pytest.mark.parametrize("by", ["name", "id"])
async def test_a_network_is_chosen_by_name_or_id(newcomer: AsyncClient, network: Founded, by: str) -> None:
    choice = {"name": {"name": network.network.upper()}, "id": {"id": network.network_id}}[by]
    assert (await newcomer.get("/Devices/")).status_code == 403
    assert (await newcomer.get("/Self/Session/Network/")).status_code == 404
    answer = await newcomer.put("/Self/Session/Network/", json=choice)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await newcomer.get("/Self/Session/Network/")).json() == {"id": network.network_id, "name": network.network}
    assert (await newcomer.get("/Devices/")).status_code == 200


@pytest.mark.parametrize("choice", [{"name": "Elsewhere"}, {"id": 4711}, {}, {"name": ""}])
async def test_only_a_network_of_ones_own_can_be_chosen(newcomer: AsyncClient, choice: dict[str, object]) -> None:
    answer = await newcomer.put("/Self/Session/Network/", json=choice)
    assert answer.status_code == 400
    assert "network" in answer.json()["message"]


async def test_the_session_tells_network_and_scopes(newcomer: AsyncClient, network: Founded) -> None:
    before = (await newcomer.get("/Self/Session/")).json()
    assert before.keys() == {"network", "authorizationScope", "lastModifiedDate"}
    assert before["network"] is None
    await newcomer.put("/Self/Session/Network/", json={"id": network.network_id})
    after = (await newcomer.get("/Self/Session/")).json()
    assert after["network"] == {"id": network.network_id, "name": network.network}
    assert after["authorizationScope"] == "bsn.api.main bsn.api.self bsn.api.upload"
    assert after["lastModifiedDate"] > before["lastModifiedDate"]


async def test_an_unchanged_session_is_not_sent_again(admin: AsyncClient) -> None:
    first = await admin.get("/Self/Session/")
    again = await admin.get("/Self/Session/", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_choice_belongs_to_one_token_alone(newcomer: AsyncClient, call_as: CallAs, sign_in: SignIn) -> None:
    other = call_as(await sign_in(choose=False))
    await newcomer.put("/Self/Session/Network/", json={"name": "Test Network"})
    assert (await other.get("/Devices/")).status_code == 403
