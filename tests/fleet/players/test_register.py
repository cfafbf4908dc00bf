"""A player joins a network with a setup token."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.wire.datetime import parse
from signfleet.foundation.wire.timespan import DAY
from signfleet.web.caller.scopes import DEVICE_SCOPE
from tests.conftest import ROOT, CallAs, IssueSetupToken
from tests.fleet.players.conftest import HD1024, PLAYER, Device, Register


async def test_a_new_player_becomes_a_device_and_gets_tokens(register: Register, network: Tenant) -> None:
    answer = await register()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["device"]["serial"] == "46C89C101839"
    assert body["network"] == {"id": network.network_id, "name": "Test Network"}
    assert (body["token_type"], body["scope"], body["sequence"]) == ("bearer", DEVICE_SCOPE, 0)
    assert body["expires_in"] == 900
    assert body["access_token"] != body["refresh_token"]


async def test_the_device_shows_what_its_player_registered_with(register: Register, device: Device) -> None:
    await register(
        name="Lobby North",
        group="Lobbies",
        timezone="CET",
        description="Above the desk",
        location={"gpsLatitude": 52.5219, "gpsLongitude": 13.4132},
    )
    seen = await device()
    settings = seen["settings"]
    assert (seen["model"], seen["family"], seen["status"]) == ("HD1024", "Pagani", None)
    assert (settings["name"], settings["description"], settings["timezone"]) == ("Lobby North", "Above the desk", "CET")
    assert settings["group"]["name"] == "Lobbies"
    assert settings["location"]["country"] == "DE"
    assert settings["location"]["path"].startswith("/DE/")


async def test_absent_members_have_defaults(register: Register, device: Device) -> None:
    await register()
    settings = (await device())["settings"]
    assert (settings["name"], settings["timezone"], settings["location"]) == ("46C89C101839", "GMT", None)
    assert settings["group"]["name"] == "Default"


async def test_given_place_names_are_stored(register: Register, device: Device) -> None:
    await register(location={"gpsLatitude": 52.5219, "gpsLongitude": 13.4132, "locality": "Mitte", "path": "/x/"})
    location = (await device())["settings"]["location"]
    assert location["locality"] == "Mitte"
    assert location["path"].endswith("/Mitte/")


async def test_players_of_one_group_share_it_whatever_the_letter_case(register: Register, admin: AsyncClient) -> None:
    await register(serial="A1", group="Lobbies")
    await register(serial="A2", group="LOBBIES")
    groups = [(await admin.get(f"/Devices/{serial}/")).json()["settings"]["group"] for serial in ("A1", "A2")]
    assert groups[0] == groups[1]


async def test_an_unknown_model_can_register(register: Register, device: Device) -> None:
    await register(model="ZX2060")
    seen = await device()
    assert (seen["model"], seen["family"]) == ("ZX2060", "Unknown")


async def test_registering_again_replaces_only_the_tokens(register: Register, call_as: CallAs, device: Device) -> None:
    first = (await register(name="Lobby")).json()
    before = await device()
    secret = first["device_secret"]
    again = await register(serial="46c89c101839", name="Other", group="Other", device_secret=secret)
    assert again.status_code == 200
    assert again.json()["device"] == first["device"]
    assert await device() == before
    old, new = call_as(first["access_token"]), call_as(again.json()["access_token"])
    assert (await old.get(f"{PLAYER}/settings")).status_code == 401
    assert (await new.get(f"{PLAYER}/settings")).status_code == 200
    answer = await call_as().post(
        f"{PLAYER}/token", data={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    )
    assert answer.json()["error"] == "invalid_grant"


async def test_the_replacement_of_tokens_is_in_the_audit_trail(register: Register, admin: AsyncClient) -> None:
    device_id = (await register()).json()["device"]["id"]
    await register()
    trail = await admin.get(
        f"{ROOT}/admin/v1/audit/", params={"filter": "[Entity] IS 'Token' AND [Action] IS 'Revoke'"}
    )
    (entry,) = trail.json()["items"]
    assert (entry["actor"], entry["before"]) == (f"player {HD1024['serial']}", {"deviceId": device_id})


async def test_registering_again_updates_the_model(register: Register, device: Device) -> None:
    await register()
    before = await device()
    await asyncio.sleep(0.002)
    await register(model="XD1034")
    seen = await device()
    assert (seen["model"], seen["family"]) == ("XD1034", "Malibu")
    assert (parse(seen["lastModifiedDate"]) or 0) > (parse(before["lastModifiedDate"]) or 0)


async def test_a_new_model_advances_last_modified(register: Register, admin: AsyncClient) -> None:
    path = f"/Devices/{HD1024['serial']}/"
    await register()
    for text in "abc":
        change = [{"op": "replace", "path": "/settings/description/", "value": text}]
        assert (await admin.patch(path, json=change)).status_code == 204
    status = 200
    while status != 304:  # from the next second on a date tells what has changed last
        since = {"If-Modified-Since": (await admin.get(path)).headers["last-modified"]}
        await asyncio.sleep(0.02)
        status = (await admin.get(path, headers=since)).status_code
    await register(model="XD1034")
    assert (await admin.get(path, headers=since)).status_code == 200


async def test_a_serial_of_another_network_is_a_conflict(
    register: Register, services: Services, issue_setup_token: IssueSetupToken, admin: AsyncClient
) -> None:
    await register()
    other = await services.networks.create("Other", 0)
    answer = await register(await issue_setup_token(other.id), serial="46c89c101839")
    assert answer.status_code == 409
    assert "another network" in answer.json()["message"]
    assert (await admin.get("/Devices/Count/")).json() == 1


async def test_concurrent_players_get_one_device_each_and_share_one_group(
    register: Register, admin: AsyncClient
) -> None:
    serials = [f"S{number % 5}" for number in range(15)]
    answers = await asyncio.gather(*(register(serial=serial, group="Flock") for serial in serials))
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [201] * 5
    assert (await admin.get("/Devices/Count/")).json() == 5
    assert (await admin.get("/Devices/Count/", params={"filter": "[Settings].[Group].[Name] IS 'Flock'"})).json() == 5


@pytest.mark.parametrize("token", ["", "nonsense", "ü" * 3, "x" * 600])
async def test_an_unknown_setup_token_is_refused(client: AsyncClient, register: Register, token: str) -> None:
    headers = {"Authorization": b"Bearer " + token.encode()}
    answer = await client.post(f"{PLAYER}/register", json={}, headers=headers)
    assert answer.status_code in {400, 401}
    answer = await client.post(
        f"{PLAYER}/register", json={"serial": "1A", "model": "HD1024", "firmware": "1"}, headers=headers
    )
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]


async def test_registering_needs_a_token(client: AsyncClient) -> None:
    answer = await client.post(f"{PLAYER}/register", json={"serial": "1A", "model": "HD1024", "firmware": "1"})
    assert answer.status_code == 401


async def test_an_expired_setup_token_is_refused(register: Register, issue_setup_token: IssueSetupToken) -> None:
    answer = await register(await issue_setup_token(age=2 * DAY))
    assert answer.status_code == 401
    assert "expired" in answer.json()["message"]


async def test_tokens_of_people_and_devices_are_not_setup_tokens(
    register: Register, admin_token: str, registered: dict[str, Any]
) -> None:
    assert (await register(admin_token)).status_code == 401
    assert (await register(registered["access_token"])).status_code == 401


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"serial": ""}, "'serial'"),
        ({"serial": None}, "'serial'"),
        ({"serial": 46}, "'serial'"),
        ({"serial": "a/b"}, "'serial'"),
        ({"serial": ".hidden"}, "'serial'"),
        ({"serial": "A1\n"}, "'serial'"),
        ({"serial": "x" * 65}, "'serial'"),
        ({"model": ""}, "'model'"),
        ({"model": "x" * 65}, "'model'"),
        ({"firmware": 8.5}, "'firmware'"),
        ({"name": "x" * 129}, "'name'"),
        ({"group": ["Lobbies"]}, "'group'"),
        ({"timezone": "x" * 65}, "'timezone'"),
        ({"description": "x" * 1025}, "'description'"),
        ({"location": "Berlin"}, "'location'"),
        ({"location": {"gpsLatitude": 91}}, "'location.gpsLatitude'"),
        ({"location": {"gpsLongitude": "13"}}, "'location.gpsLongitude'"),
    ],
)
async def test_a_malformed_member_is_refused_by_name(
    register: Register, admin: AsyncClient, wrong: dict[str, Any], place: str
) -> None:
    answer = await register(**wrong)
    assert answer.status_code == 400
    assert place in answer.json()["message"]
    assert (await admin.get("/Devices/Count/")).json() == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b'{"serial": "A1", "model": "\\u0000", "firmware": "1"}', "application/json", 400),
        (b'{"serial": "A1", "model": "\\ud800", "firmware": "1"}', "application/json", 400),
        (b'{"serial": "A1", "model": "\xff", "firmware": "1"}', "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b'{"name": "' + b"x" * 20_000 + b'"}', "application/json", 413),
        (b"serial=A1", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_broken_body_is_refused(
    call_as: CallAs, setup_token: str, body: bytes, content_type: str, status: int
) -> None:
    answer = await call_as(setup_token).post(f"{PLAYER}/register", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert answer.json()["message"]
