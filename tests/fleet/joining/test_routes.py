"""Operators decide which players may join: setup tokens, releases, blocked serials, claims, players of version 1."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.serials import RESERVED
from signfleet.fleet.groups.creation import RESERVED as RESERVED_GROUPS
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.world import OFFERED, now

ADMIN = f"{ROOT}/admin/v1"
TOKENS, BLOCKED, CLAIMS, RULES = (
    f"{ADMIN}/{path}/" for path in ("setup-tokens", "blocked-serials", "serial-claims", "joining")
)


@pytest.fixture
def join(call_as: CallAs) -> Any:
    """Registers a player with a setup token."""

    async def send(token: str, serial: str = "A1", **more: Any) -> Response:
        body = {"serial": serial, "model": "HD1024", "firmware": "9.0.145"} | more
        return await call_as(token).post(f"{ROOT}/player/v1/register", json=body)

    return send


@pytest.fixture
async def other(services: Services, sign_in: SignIn, call_as: CallAs) -> AsyncClient:
    """The administrator of another network."""
    made = await services.networks.create("Other", now())
    return call_as(await sign_in("else@example.com", role=ADMINISTRATORS, network_id=made.id))


async def issue(admin: AsyncClient, **limits: Any) -> dict[str, Any]:
    answer = await admin.post(TOKENS, json=limits)
    assert answer.status_code == 201
    return dict(answer.json())


async def actions(admin: AsyncClient, entity: str) -> list[tuple[str, str]]:
    answer = await admin.get(f"{ADMIN}/audit/", params={"filter": f"[Entity] IS '{entity}'"})
    return [(entry["action"], entry["name"]) for entry in reversed(answer.json()["items"])]


# --- setup tokens


async def test_a_setup_token_admits_the_number_of_new_players_it_was_issued_for(admin: AsyncClient, join: Any) -> None:
    issued = await issue(admin, maxUses=2)
    first = await join(issued["token"], "A1")
    assert first.status_code == 201
    assert (await join(issued["token"], "A1")).status_code == 200, "the answer may have been lost"
    assert (await join(issued["token"], "A2")).status_code == 201
    refused = await join(issued["token"], "A3")
    assert refused.status_code == 401
    assert "2 players" in refused.json()["message"]
    assert (await admin.get("/Devices/Count/")).json() == 2
    again = await join(issued["token"], "A2", device_secret="guessed")
    assert again.status_code == 200
    (listed,) = (await admin.get(TOKENS)).json()["items"]
    assert (listed["uses"], listed["maxUses"]) == (2, 2)


async def test_many_players_at_once_cannot_use_a_setup_token_too_often(admin: AsyncClient, join: Any) -> None:
    token = (await issue(admin, maxUses=3))["token"]
    answers = await asyncio.gather(*(join(token, f"S{number}") for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [401] * 5
    assert (await admin.get("/Devices/Count/")).json() == 3


async def test_a_refused_registration_uses_nothing(admin: AsyncClient, join: Any) -> None:
    token = (await issue(admin, maxUses=1))["token"]
    assert (await join(token, "A1", group="12")).status_code == 400
    assert (await join(token, "Count")).status_code == 400
    assert (await join(token, "A1")).status_code == 201


async def test_the_lifetime_of_a_setup_token_can_be_set(admin: AsyncClient) -> None:
    issued = await issue(admin, days=7)
    lifetime = (datetime.parse(issued["validTo"]) or 0) - (datetime.parse(issued["validFrom"]) or 0)
    assert lifetime == 7 * DAY
    assert (issued["maxUses"], issued["uses"]) == (None, None)
    assert (await admin.post(TOKENS)).status_code == 201


@pytest.mark.parametrize(
    ("body", "place"),
    [({"maxUses": 0}, "maxUses"), ({"maxUses": "1"}, "maxUses"), ({"days": 0}, "days"), ({"days": 4000}, "days")],
)
async def test_invalid_limits_are_refused_by_name(admin: AsyncClient, body: dict[str, Any], place: str) -> None:
    answer = await admin.post(TOKENS, json=body)
    assert answer.status_code == 400
    assert place in answer.json()["message"]


async def test_setup_tokens_are_listed_without_their_text_and_revoked_by_id(
    admin: AsyncClient, join: Any, other: AsyncClient
) -> None:
    issued = [await issue(admin, days=days) for days in (3, 1, 2)]
    listed, marker = [], None
    while True:
        page = (await admin.get(TOKENS, params={"pageSize": 2} | ({"marker": marker} if marker else {}))).json()
        listed += page["items"]
        marker = page["nextMarker"]
        if marker is None:
            break
    assert [each["id"] for each in listed] == [issued[place]["id"] for place in (1, 2, 0)]
    assert {each["author"] for each in listed} == {"JaneDoe@example.com"}
    assert not any(each["token"] in str(listed) for each in issued)
    assert (await other.get(TOKENS)).json() == {"items": [], "nextMarker": None}
    assert (await other.delete(f"{TOKENS}{issued[0]['id']}/")).status_code == 404
    assert (await admin.delete(f"{TOKENS}{issued[0]['id']}/")).status_code == 204
    assert (await admin.delete(f"{TOKENS}{issued[0]['id']}/")).status_code == 404
    assert (await admin.delete(f"{TOKENS}nonsense/")).status_code == 404
    assert (await join(issued[0]["token"])).status_code == 401
    assert (await join(issued[1]["token"])).status_code == 201
    assert (await admin.get(TOKENS, params={"marker": "x"})).status_code == 400


async def test_a_revoked_setup_token_strands_no_player(admin: AsyncClient, join: Any, client: AsyncClient) -> None:
    issued = await issue(admin)
    secret = (await join(issued["token"])).json()["device_secret"]
    await admin.delete(f"{TOKENS}{issued['id']}/")
    form = {"grant_type": "client_credentials"}
    answer = await client.post(f"{ROOT}/player/v1/token", data=form, auth=("A1", secret))
    assert answer.status_code == 200


# --- release


async def test_a_released_device_may_join_again_without_its_secret_once(
    admin: AsyncClient, join: Any, call_as: CallAs, setup_token: str
) -> None:
    first = (await join(setup_token)).json()
    player = call_as(first["access_token"])
    assert (await player.get(f"{ROOT}/player/v1/settings")).status_code == 200
    assert (await join(setup_token)).status_code == 409
    assert (await admin.post(f"{ADMIN}/devices/A1/release/")).status_code == 204
    assert (await player.get(f"{ROOT}/player/v1/settings")).status_code == 401
    again = await join(setup_token)
    assert (again.status_code, again.json()["device"]) == (200, first["device"])
    assert again.json()["device_secret"] != first["device_secret"]
    await call_as(again.json()["access_token"]).get(f"{ROOT}/player/v1/settings")
    assert (await join(setup_token, device_secret=first["device_secret"])).status_code == 409
    assert ("Release", "A1") in await actions(admin, "Device")


async def test_releasing_a_device_needs_the_permission_to_set_up_players(
    join: Any, setup_token: str, sign_in: SignIn, call_as: CallAs, other: AsyncClient
) -> None:
    await join(setup_token)
    viewer = call_as(await sign_in("joe@example.com", role=VIEWERS))
    assert (await viewer.post(f"{ADMIN}/devices/A1/release/")).status_code == 403
    assert (await other.post(f"{ADMIN}/devices/A1/release/")).status_code == 404


# --- blocked serials


async def test_an_unblocked_serial_joins_as_a_new_device(
    admin: AsyncClient, join: Any, setup_token: str, other: AsyncClient
) -> None:
    first = (await join(setup_token)).json()
    await join(setup_token, "B2")
    assert (await admin.delete("/Devices/", params={"filter": "[Serial] IS IN ('A1', 'B2')"})).status_code == 200
    listed = (await admin.get(BLOCKED, params={"pageSize": 1})).json()
    assert [each["serial"] for each in listed["items"]] == ["A1"]
    rest = (await admin.get(BLOCKED, params={"marker": listed["nextMarker"]})).json()
    assert ([each["serial"] for each in rest["items"]], rest["nextMarker"]) == (["B2"], None)
    assert (await other.get(BLOCKED)).json()["items"] == []
    assert (await other.delete(f"{BLOCKED}A1/")).status_code == 404
    assert (await admin.delete(f"{BLOCKED}a1/")).status_code == 204
    assert (await admin.delete(f"{BLOCKED}A1/")).status_code == 404
    again = await join(setup_token)
    assert again.status_code == 201
    assert again.json()["device"]["id"] != first["device"]["id"]
    assert (await join(setup_token, "B2")).status_code == 403
    assert ("Unlock", "a1") in await actions(admin, "Serial")


# --- claims


async def test_an_accepted_claim_moves_the_serial_and_reveals_nothing_of_the_other_network(
    admin: AsyncClient,
    other: AsyncClient,
    join: Any,
    setup_token: str,
    services: Services,
    network: Tenant,
    issue_setup_token: Any,
) -> None:
    await join(setup_token)
    theirs = await services.networks.find("Other")
    assert theirs is not None
    other_token = await issue_setup_token(theirs.id)
    refused = await join(other_token)
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    assert "Test Network" not in refused.text
    taken, free = [await other.post(CLAIMS, json={"serial": serial}) for serial in ("A1", "Z9")]
    assert (taken.status_code, free.status_code) == (201, 201)
    assert taken.json().keys() == free.json().keys()
    assert (await other.post(CLAIMS, json={"serial": "a1"})).json() == taken.json()
    assert [claim["serial"] for claim in (await other.get(CLAIMS)).json()] == ["A1", "Z9"]
    assert (await admin.get(CLAIMS)).json() == []
    assert (await admin.delete(f"{CLAIMS}A1/")).status_code == 404
    assert (await other.delete(f"{CLAIMS}Z9/")).status_code == 204
    assert [(row.serial, row.name) for row in await services.claims.all()] == [("A1", "Other")]
    assert await services.claims.accept(theirs.id, "A1", now())
    assert (await admin.get("/Devices/A1/")).status_code == 404
    assert (await join(setup_token)).status_code == 403
    assert (await join(other_token)).status_code == 201
    assert (await join(setup_token)).status_code == 409
    assert "Other" not in str(await actions(admin, "Device"))
    assert (await other.get(CLAIMS)).json() == []
    assert await actions(other, "Serial") == [("Create", "A1"), ("Create", "Z9"), ("Delete", "Z9"), ("Release", "A1")]


# --- players of version 1


async def test_an_administrator_allows_players_of_version_1_for_a_time(
    admin: AsyncClient, join: Any, setup_token: str, call_as: CallAs
) -> None:
    assert (await admin.get(RULES)).json()["protocol1Until"] is None
    first = (await join(setup_token)).json()
    await call_as(first["access_token"]).get(f"{ROOT}/player/v1/settings")
    assert (await join(setup_token)).status_code == 409
    until = datetime.format(now() + DAY)
    assert (await admin.put(RULES, json={"protocol1Until": until})).status_code == 204
    assert (await admin.get(RULES)).json()["protocol1Until"] == until
    assert (await join(setup_token)).status_code == 200
    assert (await admin.put(RULES, json={"protocol1Until": None})).status_code == 204
    entries = await actions(admin, "Network")
    assert [action for action, _ in entries].count("Update") == 2


@pytest.mark.parametrize("until", ["soon", 5, "2999-01-01T00:00:00Z"])
async def test_an_invalid_date_is_refused_by_name(admin: AsyncClient, until: Any) -> None:
    answer = await admin.put(RULES, json={"protocol1Until": until})
    assert answer.status_code == 400
    assert "protocol1Until" in answer.json()["message"]


# --- names in addresses


def static_names(prefix: str) -> set[str]:
    """Returns the static path segments that follow `prefix` in place of a name."""
    paths = [path for endpoint in OFFERED for path in (endpoint.path, *endpoint.aliases) if path.startswith(prefix)]
    names = {fold(path.removeprefix(prefix).split("/")[0]) for path in paths}
    return {name for name in names if name and not name.startswith("{")}


def test_no_serial_means_something_else_in_an_address() -> None:
    assert static_names("/2022/06/REST/Devices/") == RESERVED


def test_no_group_means_something_else_in_an_address() -> None:
    assert static_names("/2022/06/REST/Groups/Regular/") == RESERVED_GROUPS - {".", ".."}


@pytest.mark.parametrize("serial", [*sorted(RESERVED), "Count", "SCREENSHOTS", "7", "2147483647", "0012"])
async def test_a_serial_that_no_address_can_name_is_refused_with_the_reason(
    admin: AsyncClient, join: Any, setup_token: str, serial: str
) -> None:
    answer = await join(setup_token, serial)
    assert answer.status_code == 400
    assert "'serial'" in answer.json()["message"]
    assert (await admin.get("/Devices/Count/")).json() == 0


async def test_a_serial_of_digits_that_is_no_id_joins(admin: AsyncClient, join: Any, setup_token: str) -> None:
    assert (await join(setup_token, "123456789012")).status_code == 201
    assert (await admin.get("/Devices/123456789012/")).status_code == 200


@pytest.mark.parametrize("group", ["Count", "operations", "12", ".", "..", "a/b", "a\tb"])
async def test_a_player_creates_no_group_that_the_api_refuses(
    admin: AsyncClient, join: Any, setup_token: str, group: str
) -> None:
    refused = await join(setup_token, group=group)
    assert refused.status_code == 400
    assert "'group'" in refused.json()["message"]
    assert (await admin.post("/Groups/Regular/", json={"name": group})).status_code == 400
    assert (await admin.get("/Devices/Count/")).json() == 0
    assert (await admin.get("/Groups/Regular/Count/")).json() == 1


@pytest.mark.parametrize("name", ["%00", "%FF", "A" * 5000, "..%2F..", "%F0%9F%98%80"])
async def test_impossible_names_are_not_found(admin: AsyncClient, name: str) -> None:
    for method, path in (("DELETE", BLOCKED), ("DELETE", CLAIMS), ("DELETE", TOKENS)):
        assert (await admin.request(method, f"{path}{name}/")).status_code in (400, 404)
    assert (await admin.post(f"{ADMIN}/devices/{name}/release/")).status_code in (400, 404)
    for path in (BLOCKED, TOKENS):
        assert (await admin.get(path, params={"marker": name})).status_code in (200, 400)
