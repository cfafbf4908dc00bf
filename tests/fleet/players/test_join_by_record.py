"""A player joins by the provisioning record of its serial, at the join address of its network, without a token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from tests.conftest import ON_SQLITE, ROOT, CallAs, IssueSetupToken, SignIn
from tests.fleet.players.conftest import HD1024, Device
from tests.world import now

JOINING = f"{ROOT}/admin/v1/joining/"
RECORDS, SETUPS = f"{ROOT}/rest-device/v2/device", f"{ROOT}/rest-setup/v3/setup"
SERIAL = HD1024["serial"]

Join = Callable[..., Awaitable[Response]]


async def allow(admin: AsyncClient, *, joins_by_record: bool = True) -> str | None:
    """Sets whether the network admits players by their records; returns its join address."""
    body = {"protocol1Until": None, "joinsByRecord": joins_by_record}
    assert (await admin.put(JOINING, json=body)).status_code == 204
    address: str | None = (await admin.get(JOINING)).json()["joinAddress"]
    return address


@pytest.fixture
async def join(admin: AsyncClient, call_as: CallAs) -> Join:
    """Joins the network, which allows it, as a player that says only its serial, but for what is given otherwise."""
    address = await allow(admin)
    assert address is not None

    async def send(serial: str = SERIAL, **more: Any) -> Response:
        return await call_as().post(address, json={"serial": serial, **more})

    return send


async def add_setup(admin: AsyncClient, token: str | None = None, package: str = "Lobby", **members: Any) -> str:
    document = {"bDeploy": {"networkName": "Test Network", "packageName": package}, **members}
    if token is not None:
        document["bsnDeviceRegistrationTokenEntity"] = {"token": token, "scope": "cert"}
    return str((await admin.post(SETUPS, json=document)).raise_for_status().json()["result"])


async def add_record(client: AsyncClient, serial: str = SERIAL, **members: Any) -> str:
    answer = await client.post(RECORDS, json={"serial": serial, **members})
    return str(answer.raise_for_status().json()["result"])


async def trail(admin: AsyncClient, action: str) -> list[dict[str, Any]]:
    query = {"filter": f"[Entity] IS 'Device' AND [Action] IS '{action}'"}
    return list((await admin.get(f"{ROOT}/admin/v1/audit/", params=query)).json()["items"])


def assert_refused(answer: Response, serial: str = SERIAL) -> None:
    """Checks the one answer to all who may not join."""
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (403, "not_listed", "300")
    assert answer.json()["message"] == (
        f"No provisioning record lets the player '{serial}' join here; the operator of the network finds the reason in"
        " its audit trail or in the server's log."
    )


async def test_record_and_setup_decide_what_a_player_gets(
    join: Join, admin: AsyncClient, issue_setup_token: IssueSetupToken, device: Device
) -> None:
    setup = await add_setup(admin, await issue_setup_token(), bsnGroupName="Lobbies", timeZone="CET")
    await add_record(
        admin, SERIAL.lower(), setupId=setup.upper(), name="Lobby North", desc="By the desk", model="XT1145"
    )
    answer = await join()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    joined = answer.json()
    assert joined["device"]["serial"] == SERIAL
    assert joined["device_secret"]
    seen = await device()
    settings = seen["settings"]
    assert (seen["model"], settings["name"], settings["description"]) == ("XT1145", "Lobby North", "By the desk")
    assert (settings["group"]["name"], settings["timezone"]) == ("Lobbies", "CET")
    (entry,) = await trail(admin, "Create")
    assert (entry["name"], entry["after"]["admittedBy"]) == (SERIAL, "provisioning record")
    events = (await admin.get(f"{ROOT}/admin/v1/events/")).json()["items"]
    assert [event["serial"] for event in events if event["kind"] == "DeviceRegistered"] == [SERIAL]


async def test_what_the_record_leaves_open_the_setup_decides_then_the_player(
    join: Join, admin: AsyncClient, device: Device
) -> None:
    await add_setup(admin, deviceName="Of the setup", deviceDescription=" ", bsnGroupName=7)
    await add_record(admin, setupName="LOBBY")
    assert (
        await join(name="Mine", description="Mine", group="Mine", model="HD1024", firmware="9.0")
    ).status_code == 201
    seen = await device()
    settings = seen["settings"]
    assert (seen["model"], settings["name"], settings["description"]) == ("HD1024", "Of the setup", "Mine")
    assert settings["group"]["name"] == "Mine"


async def test_a_record_without_a_setup_admits_too_and_a_lost_answer_strands_no_player(
    join: Join, admin: AsyncClient, call_as: CallAs, device: Device
) -> None:
    await add_record(admin)
    assert (await join(model="HD1024")).status_code == 201
    again = await join()
    assert again.status_code == 200
    assert (await device())["model"] == "HD1024"
    tokens = again.json()
    settings = await call_as(tokens["access_token"]).get(f"{ROOT}/player/v1/settings")
    assert settings.status_code == 200
    assert_refused(await join())
    proved = await join(device_secret=tokens["device_secret"])
    assert (proved.status_code, proved.json()["device"]) == (200, tokens["device"])
    (refused,) = await trail(admin, "Refuse")
    assert refused["after"]["reason"] == "known_device"


async def test_everybody_else_gets_the_same_answer(
    join: Join,
    admin: AsyncClient,
    call_as: CallAs,
    sign_in: SignIn,
    issue_setup_token: IssueSetupToken,
    services: Services,
) -> None:
    assert_refused(await join("UNLISTED1"), "UNLISTED1")
    assert_refused(await call_as().post(f"{ROOT}/player/v1/join/guessed", json={"serial": "B1"}), "B1")

    for serial in ("BLOCKED1", "ELSEWHERE1"):
        await add_record(admin, serial)
    assert (await join("BLOCKED1")).status_code == 201
    assert (await admin.delete("/Devices/BLOCKED1/")).status_code == 204
    assert_refused(await join("BLOCKED1"), "BLOCKED1")

    created = (await admin.post("/Self/Networks/", json={"name": "Second"})).json()
    second = call_as(await sign_in("JaneDoe@example.com", network_id=created["id"]))
    token = (await services.provisioning.issue(created["id"], now())).token
    registration = HD1024 | {"serial": "ELSEWHERE1"}
    assert (await call_as(token).post(f"{ROOT}/player/v1/register", json=registration)).status_code == 201
    assert_refused(await join("ELSEWHERE1"), "ELSEWHERE1")
    await add_record(second, "SECOND1")
    assert_refused(await join("SECOND1"), "SECOND1")

    revoked = await issue_setup_token()
    assert (await admin.delete(f"/Provisioning/Setups/Tokens/{revoked}/")).status_code == 204
    for serial, setup_id in (
        ("GONE1", "0" * 24),
        ("REVOKED1", await add_setup(admin, revoked)),
        ("FOREIGN1", await add_setup(admin, token)),
        ("BADGROUP1", await add_setup(admin, bsnGroupName="a/b")),
    ):
        await add_record(admin, serial, setupId=setup_id)
        assert_refused(await join(serial), serial)
    reasons = {entry["name"]: entry["after"]["reason"] for entry in await trail(admin, "Refuse")}
    assert reasons == {
        "BLOCKED1": "removed",
        "ELSEWHERE1": "conflict",
        "GONE1": "unusable_record",
        "REVOKED1": "unusable_record",
        "FOREIGN1": "unusable_record",
    }
    assert (await admin.get("/Devices/Count/")).json() == 0


async def test_joining_counts_as_a_use_of_the_setups_token(join: Join, admin: AsyncClient) -> None:
    issued = (await admin.post(f"{ROOT}/admin/v1/setup-tokens/", json={"maxUses": 1})).json()
    setup = await add_setup(admin, issued["token"])
    for serial in ("A1", "A2"):
        await add_record(admin, serial, setupId=setup)
    assert (await join("A1")).status_code == 201
    assert_refused(await join("A2"), "A2")
    assert (await join("A1")).status_code == 200


async def test_players_with_one_serial_at_once_become_one_device(join: Join, admin: AsyncClient) -> None:
    await add_record(admin)
    answers = await asyncio.gather(*(join() for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert (await admin.get("/Devices/Count/")).json() == 1


@ON_SQLITE
async def test_a_network_allows_it_only_when_told_and_each_time_at_a_new_address(
    admin: AsyncClient, call_as: CallAs
) -> None:
    rules = (await admin.get(JOINING)).json()
    assert rules == {"protocol1Until": None, "joinsByRecord": False, "joinAddress": None}
    await add_record(admin)
    first = await allow(admin)
    assert first is not None
    assert first.startswith(f"{ROOT}/player/v1/join/")
    assert (await admin.put(JOINING, json={"protocol1Until": None})).status_code == 204
    assert (await admin.get(JOINING)).json()["joinAddress"] == first
    assert await allow(admin, joins_by_record=False) is None
    assert_refused(await call_as().post(first, json={"serial": SERIAL}))
    second = await allow(admin)
    assert second not in {None, first}
    assert_refused(await call_as().post(first, json={"serial": SERIAL}))
    assert (await call_as().post(str(second), json={"serial": SERIAL})).status_code == 201


@ON_SQLITE
async def test_a_locked_network_admits_nobody(
    join: Join, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await add_record(admin)
    row = await services.networks.row(network.network_id)
    await services.networks.set_locked(row, locked=True, now=now())
    assert_refused(await join())


@ON_SQLITE
async def test_guesses_are_limited_by_address(join: Join, admin: AsyncClient) -> None:
    await add_record(admin)
    answers = [await join(f"GUESS{number}") for number in range(62)]
    assert {answer.status_code for answer in answers[:60]} == {403}
    assert 429 in {answer.status_code for answer in answers[60:]}


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "'serial'"),
        ({"serial": "a b"}, "'serial'"),
        ({"serial": "7"}, "'serial'"),
        ({"serial": "A", "can": 1}, "'can'"),
    ],
)
async def test_a_malformed_body_is_named(
    join: Join, call_as: CallAs, admin: AsyncClient, body: Any, named: str
) -> None:
    address = (await admin.get(JOINING)).json()["joinAddress"]
    answer = await call_as().post(address, json=body)
    assert answer.status_code == 400
    assert named in answer.json()["message"]
