"""`/rest/v1`: the manners of Remote DWS, between a caller and a player that answers by hand."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.commands import relay
from signfleet.fleet.commands.delivery import hub
from signfleet.identity.access.operations.definitions import SETUP_DEVICE, UNIT_CONTROL, VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.commands.conftest import PLAYER, say
from tests.fleet.remote.documented import SHAPES, misfits
from tests.identity.access.granted import grant

WHO = {"destinationName": "A1", "destinationType": "player"}


def ask(caller: AsyncClient, method: str, route: str, **request: Any) -> asyncio.Task[Any]:
    params = WHO | request.pop("params", {})
    return asyncio.create_task(caller.request(method, f"{ROOT}/rest/v1/{route}", params=params, **request))


async def taken(player: AsyncClient) -> dict[str, Any]:
    """Returns the next request as the player gets it."""
    (got,) = (await player.get(f"{PLAYER}/commands?wait=20")).json()
    return dict(got)


async def answered(player: AsyncClient, task: asyncio.Task[Any], **result: Any) -> Any:
    """Lets the player answer, and returns what the caller gets."""
    got = await taken(player)
    await say(player, got["id"], "succeeded", result={"status": 200, **result})
    return await task


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", {}),
        (b"{}", {}),
        (b'{"data":{}}', {}),
        (b'{"data":{"fs":"exfat"}}', {"fs": "exfat"}),
        (b'{"fs":"exfat"}', {"fs": "exfat"}),
        (b'{"data":{"data":"x"}}', {"data": "x"}),
        (b'{"Data":null}', {}),
    ],
)
@ON_SQLITE
async def test_bodies_in_every_spelling_reach_the_player(
    admin: AsyncClient, player: AsyncClient, body: bytes, data: dict[str, Any]
) -> None:
    asked = ask(admin, "PUT", "control/reboot", content=body, headers={"Content-Type": "application/json"})
    got = await taken(player)
    assert got["arguments"] == {"method": "PUT", "route": "/v1/control/reboot", "data": data}
    await say(player, got["id"], "succeeded", result={"status": 200, "data": {"success": True}})
    answer = await asked
    assert answer.json() == {"route": "/v1/control/reboot", "method": "PUT", "data": {"result": {"success": True}}}


@ON_SQLITE
async def test_segments_and_parameters_reach_the_player(admin: AsyncClient, player: AsyncClient) -> None:
    asked = ask(admin, "GET", "files/sd/a%2Fb%20%C3%BC/", params={"contents": ""})
    got = await taken(player)
    assert got["arguments"]["route"] == "/v1/files/sd/a%2Fb%20%C3%BC"
    assert got["arguments"]["query"] == {"contents": ""}
    await say(player, got["id"], "failed", message="no")
    assert (await asked).json()["data"]["error"] == {"message": "no", "status": 409}


async def test_a_long_answer_travels_as_a_file_and_leaves_nothing(
    services: Services, admin: AsyncClient, player: AsyncClient
) -> None:
    asked = ask(admin, "GET", "logs")
    got = await taken(player)
    text = json.dumps("x" * 200_000)
    await player.put(f"{PLAYER}/commands/{got['id']}/files/answer.json", content=text.encode())
    await say(player, got["id"], "succeeded", result={"status": 200, "file": "answer.json"})
    assert (await asked).json()["data"]["result"] == "x" * 200_000
    assert (await admin.get(f"{ROOT}/admin/v1/commands/{got['id']}/")).json()["files"] == []


@ON_SQLITE
async def test_a_message_calls_a_route_with_its_rights(
    admin: AsyncClient, network: Any, sign_in: SignIn, call_as: CallAs, player: AsyncClient
) -> None:
    viewer = call_as(await sign_in("viewer@example.com", network_id=network.network_id, role=VIEWERS))
    message = {"route": "/v1/logs", "method": "GET", "data": {}}
    change = {"route": "/v1/control/reboot", "method": "PUT"}
    assert (await ask(viewer, "PUT", "sendWsMessage", json=change)).status_code == 403
    assert (await ask(viewer, "PUT", "control/reboot")).status_code == 403
    assert (await ask(viewer, "GET", "re-provision")).status_code == 403, "a GET that changes"
    shot = await answered(player, ask(viewer, "POST", "snapshot"), data={})
    assert shot.status_code == 200
    answer = await answered(player, ask(viewer, "PUT", "sendWsMessage", json=message), data="text")
    assert answer.json() == {"route": "/v1/logs", "method": "GET", "data": {"result": "text"}}


async def test_each_route_needs_its_own_permission_only(
    services: Services, network: Any, sign_in: SignIn, call_as: CallAs, player: AsyncClient
) -> None:
    installer = call_as(await sign_in("ina@example.com", role=None))
    operator = call_as(await sign_in("otto@example.com", role=None))
    for login, operation in (("ina@example.com", SETUP_DEVICE), ("otto@example.com", UNIT_CONTROL)):
        user = await services.users.find(network.network_id, login)
        assert user is not None
        for one in (VIEW_DEVICE, operation):
            await grant(services.store, network.network_id, one, user_id=user.id)
    setups = [("PUT", "registry/a/b"), ("POST", "files/sd/a"), ("DELETE", "registry/a"), ("GET", "re-provision")]
    controls = [("PUT", "time"), ("POST", "diagnostics/packet-capture"), ("DELETE", "diagnostics/packet-capture")]
    for allowed, denied, routes in ((installer, operator, setups), (operator, installer, controls)):
        for method, route in routes:
            assert (await ask(denied, method, route)).status_code == 403, route
            message = {"route": f"/v1/{route}", "method": method}
            assert (await ask(denied, "PUT", "sendWsMessage", json=message)).status_code == 403, route
            answer = await answered(player, ask(allowed, method, route, json={}), data={"success": True})
            assert answer.status_code == 200, route
    for caller in (installer, operator):
        assert (await ask(caller, "POST", "snapshot")).status_code == 403
    blind = call_as(await sign_in("blind@example.com", role=None))
    user = await services.users.find(network.network_id, "blind@example.com")
    assert user is not None
    await grant(services.store, network.network_id, SETUP_DEVICE, user_id=user.id)
    for serial in ("A1", "NOBODY"):
        answer = await ask(blind, "PUT", "registry/a/b", params={"destinationName": serial}, json={})
        assert answer.status_code == 404, "without View Device a player does not exist"


@ON_SQLITE
async def test_refusals_say_who_refuses_in_all_forms(admin: AsyncClient, player: AsyncClient) -> None:
    asked = ask(admin, "GET", "registry/a/b")
    got = await taken(player)
    await say(player, got["id"], "succeeded", result={"status": 404, "message": "no such key"})
    answer = await asked
    body = answer.json()
    assert answer.status_code == 404
    assert (body["error"], body["message"]) == ("refused", "no such key")
    assert body["data"] == {"error": {"message": "no such key", "status": 404}}


@pytest.mark.parametrize(
    ("method", "route", "params", "status", "text"),
    [
        ("GET", "INFO", {}, 404, "letter case"),
        ("GET", "nothing/here", {}, 404, "no route"),
        ("POST", "info", {}, 404, "no route"),
        ("GET", "info", {"destinationType": "group"}, 400, "'player'"),
        ("GET", "info", {"destinationName": ""}, 400, "serial number"),
        ("GET", "info", {"destinationName": "B9"}, 404, "B9"),
        ("GET", "logs", {}, 404, "not connected"),
        ("PUT", "control/reboot", {}, 404, "not connected"),
        ("GET", "health", {}, 404, "not connected"),
    ],
)
@ON_SQLITE
async def test_what_cannot_be_answered_is_said_at_once(
    admin: AsyncClient,
    player: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    route: str,
    params: dict[str, str],
    status: int,
    text: str,
) -> None:
    monkeypatch.setattr(relay, "PICK_UP", 3600)  # by another process, which there is not
    monkeypatch.setattr(hub, "RETURN", 0)
    async with asyncio.timeout(20):
        answer = await ask(admin, method, route, params=params)
    assert answer.status_code == status
    assert text in answer.json()["data"]["error"]["message"]
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204, "nothing is left for the player"


@ON_SQLITE
async def test_a_token_without_a_network_learns_how_to_choose_one(
    client: AsyncClient, player: AsyncClient, network: Any, call_as: CallAs
) -> None:
    """As a published back end asks: client credentials in the form, and never a network."""
    form = {"grant_type": "client_credentials", "client_id": network.client_id, "client_secret": network.client_secret}
    issued = (await client.post(f"{ROOT}/realms/bsncloud/protocol/openid-connect/token", data=form)).json()
    answer = await ask(call_as(issued["access_token"]), "PUT", "sendWsMessage", json={"route": "/v1/logs"})
    assert answer.status_code == 403
    assert "/Self/Session/Network/" in answer.json()["data"]["error"]["message"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@ON_SQLITE
async def test_a_request_is_audited_under_the_name_of_its_caller(
    admin: AsyncClient, player: AsyncClient, network: Tenant, method: str
) -> None:
    assert (await answered(player, ask(admin, method, "registry/a/b"), data={})).status_code == 200
    (command,) = (await admin.get(f"{ROOT}/admin/v1/commands/")).json()["items"]
    assert command["createdBy"] == network.login
    entries = (await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": "[Entity] IS 'Command'"})).json()["items"]
    created = [entry for entry in entries if entry["action"] == "Create"]
    assert [(entry["actor"], entry["address"]) for entry in created] == [(network.login, "127.0.0.1")]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"1"])
@ON_SQLITE
async def test_a_body_that_is_no_object_is_400(admin: AsyncClient, player: AsyncClient, body: bytes) -> None:
    assert (await ask(admin, "PUT", "custom", content=body)).status_code == 400


@ON_SQLITE
async def test_a_player_that_is_away_is_known_by_its_last_report(
    admin: AsyncClient, absent_player: AsyncClient
) -> None:
    status = {"uptime": "1.00:00:05", "timezone": "CET", "firmware": {"version": "9.0.1"}}
    assert (await absent_player.post(f"{PLAYER}/report", json={"sequence": 1, "status": status})).status_code == 200
    info = (await ask(admin, "GET", "info")).json()["data"]["result"]
    assert (info["serial"], info["FWVersion"], info["upTimeSeconds"]) == ("A1", "9.0.1", 86_405)
    assert misfits(SHAPES["GET info/"], info) == []
    assert info["isFromLastReport"]
    assert info["ageSeconds"] >= 0
    health = (await ask(admin, "GET", "health/")).json()["data"]["result"]
    assert misfits(SHAPES["GET health/"], health) == []
    assert health["status"] == "inactive"
    time = (await ask(admin, "GET", "time/")).json()["data"]["result"]
    assert misfits(SHAPES["GET time/"], time) == []
    assert time["timezone_name"] == "Europe/Paris"


async def test_repeated_reboots_are_one(admin: AsyncClient, player: AsyncClient) -> None:
    asked = [ask(admin, "PUT", "control/reboot") for _ in range(3)]
    got = await taken(player)
    await say(player, got["id"], "running")
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204
    await say(player, got["id"], "succeeded", result={"status": 200, "data": {"success": True}})
    assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200, 200, 200]
    assert (await ask(admin, "PUT", "control/reboot")).status_code == 200, "while it restarts"
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204


@ON_SQLITE
async def test_a_change_without_an_answer_is_repeated_without_being_done_twice(
    services: Services, admin: AsyncClient, player: AsyncClient
) -> None:
    services.relay.seconds = 0.3
    asked = ask(admin, "PUT", "registry/a/b", json={"data": {"value": 1}})
    got = await taken(player)
    await say(player, got["id"], "running")
    assert (await asked).status_code == 504
    services.relay.seconds = 20
    again = ask(admin, "PUT", "registry/a/b", json={"data": {"value": 1}})
    await asyncio.sleep(0.1)
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204
    await say(player, got["id"], "succeeded", result={"status": 200, "data": {"success": True}})
    assert (await again).json()["data"]["result"] == {"success": True}
    other = ask(admin, "PUT", "registry/a/b", json={"data": {"value": 1}})
    assert (await taken(player))["id"] != got["id"], "what was answered can be done again"
    other.cancel()


@ON_SQLITE
async def test_a_thousand_calls_are_bounded_and_none_fails(admin: AsyncClient, player: AsyncClient) -> None:
    asked = [ask(admin, "GET", "logs") for _ in range(1000)]
    while not all(task.done() for task in asked):
        got = await player.get(f"{PLAYER}/commands?wait=1")
        for command in got.json() if got.status_code == 200 else ():
            await say(player, command["id"], "succeeded", result={"status": 200, "data": "log"})
    statuses = Counter(task.result().status_code for task in asked)
    assert set(statuses) == {200, 429}
    assert statuses[200] >= 4
