"""A player proves to be the device that it says it is; a lost answer strands none, and a clone gets nowhere."""

import asyncio
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.players.tokens import GRACE
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_secret, token
from signfleet.foundation.storage.tables import network as network_table
from signfleet.foundation.wire.timespan import DAY
from tests.conftest import ROOT, CallAs, IssueSetupToken, SignIn
from tests.fleet.players.conftest import HD1024, PLAYER, Device, Register
from tests.world import now

SERIAL = HD1024["serial"]


async def refresh(client: AsyncClient, token: str) -> Response:
    return await client.post(f"{PLAYER}/token", data={"grant_type": "refresh_token", "refresh_token": token})


async def by_secret(client: AsyncClient, secret: str, serial: str = SERIAL) -> Response:
    return await client.post(f"{PLAYER}/token", data={"grant_type": "client_credentials"}, auth=(serial, secret))


async def works(call_as: CallAs, access_token: str) -> bool:
    return (await call_as(access_token).get(f"{PLAYER}/settings")).status_code == 200


async def trail(admin: AsyncClient, filter_: str) -> list[dict[str, Any]]:
    answer = await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": filter_})
    return list(answer.json()["items"])


async def age(store: Store, by: int) -> None:
    """Lets everything have been so much earlier."""
    used = token.update().where(token.c.used_date.is_not(None)).values(used_date=token.c.used_date - by)
    issued = device_secret.update().values(issue_date=device_secret.c.issue_date - by)
    await store.write(lambda tx: tx.execute(Query(used)))
    await store.write(lambda tx: tx.execute(Query(issued)))


async def forget_secrets(store: Store) -> None:
    """Makes all devices such that joined before there were secrets."""
    await store.write(lambda tx: tx.execute(Query(device_secret.delete())))


async def allow_protocol_1(store: Store, until: int) -> None:
    allowed = network_table.update().values(protocol_1_until=until)
    await store.write(lambda tx: tx.execute(Query(allowed)))


@pytest.fixture
async def at_work(call_as: CallAs, registered: dict[str, Any]) -> dict[str, Any]:
    """What a player got that has used some of it."""
    assert await works(call_as, registered["access_token"])
    return registered


# --- joining again


async def test_a_clone_is_refused_and_audited_with_both_addresses(
    at_work: dict[str, Any], register: Register, call_as: CallAs, admin: AsyncClient, device: Device
) -> None:
    before = await device()
    for clone in ({}, {"device_secret": "guessed"}, {"model": "XD1034"}):
        refused = await register(**clone)
        assert (refused.status_code, refused.json()["error"]) == (409, "known_device")
        assert at_work["device_secret"] not in refused.text
    assert await device() == before
    assert await works(call_as, at_work["access_token"])
    (entry,) = await trail(admin, "[Action] IS 'Refuse'")
    assert (entry["entity"], entry["name"], entry["actor"]) == ("Device", SERIAL, f"player {SERIAL}")
    assert entry["entityId"] == at_work["device"]["id"]
    assert entry["after"] == {"reason": "known_device", "address": "127.0.0.1", "knownAddress": "127.0.0.1"}
    assert "Update" not in {entry["action"] for entry in await trail(admin, "[Entity] IS 'Device'")}


async def test_the_secret_lets_the_device_register_again_and_stays_valid(
    at_work: dict[str, Any], register: Register, call_as: CallAs, device: Device
) -> None:
    again = await register(device_secret=at_work["device_secret"], model="XD1034")
    assert again.status_code == 200
    assert "device_secret" not in again.json()
    assert (await device())["model"] == "XD1034"
    assert not await works(call_as, at_work["access_token"])
    assert await works(call_as, again.json()["access_token"])
    assert (await register(device_secret=at_work["device_secret"])).status_code == 200


async def test_the_secret_of_another_device_is_refused(at_work: dict[str, Any], register: Register) -> None:
    other = (await register(serial="OTHER")).json()
    assert (await register(device_secret=other["device_secret"])).status_code == 409


async def test_a_lost_answer_to_register_can_be_repeated(
    register: Register, call_as: CallAs, client: AsyncClient, issue_setup_token: Any
) -> None:
    lost = (await register()).json()
    again = await register()
    assert again.status_code == 200
    renewed = again.json()
    assert renewed["device_secret"] != lost["device_secret"]
    assert (await by_secret(client, lost["device_secret"])).status_code == 401
    assert not await works(call_as, lost["access_token"])
    assert await works(call_as, renewed["access_token"])
    assert (await register()).status_code == 409


@pytest.mark.parametrize("used", ["access_token", "refresh_token", "device_secret"])
async def test_any_use_of_an_answer_proves_that_it_arrived(
    used: str, registered: dict[str, Any], register: Register, call_as: CallAs, client: AsyncClient
) -> None:
    if used == "access_token":
        assert await works(call_as, registered[used])
    elif used == "refresh_token":
        assert (await refresh(client, registered[used])).status_code == 200
    else:
        assert (await by_secret(client, registered[used])).status_code == 200
    assert (await register()).status_code == 409


async def test_concurrent_clones_get_one_device(register: Register, admin: AsyncClient, call_as: CallAs) -> None:
    answers = await asyncio.gather(*(register() for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    working = [answer.json() for answer in answers if await works(call_as, answer.json()["access_token"])]
    assert len(working) == 1
    assert (await register()).status_code == 409
    assert (await register(device_secret=working[0]["device_secret"])).status_code == 200


async def test_only_a_hash_of_the_secret_is_stored(registered: dict[str, Any], services: Services) -> None:
    rows = await services.store.scan_all(Query(device_secret.select()))
    assert registered["device_secret"].encode() not in repr(rows).encode()
    assert len(bytes(rows[0].hash)) == 32


# --- the secret as a grant


async def test_the_secret_gives_access_tokens_repeatedly(
    at_work: dict[str, Any], client: AsyncClient, call_as: CallAs
) -> None:
    first, second = [await by_secret(client, at_work["device_secret"]) for _ in range(2)]
    assert first.json().keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert first.headers["Cache-Control"] == "no-store"
    assert not await works(call_as, at_work["access_token"])
    assert not await works(call_as, first.json()["access_token"])
    assert await works(call_as, second.json()["access_token"])
    assert (await refresh(client, at_work["refresh_token"])).json()["error"] == "invalid_grant"


async def test_the_secret_may_be_sent_in_the_form(at_work: dict[str, Any], client: AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": SERIAL.lower(), "client_secret": at_work["device_secret"]}
    assert (await client.post(f"{PLAYER}/token", data=form)).status_code == 200


async def test_a_wrong_secret_or_serial_gives_no_token(
    at_work: dict[str, Any], register: Register, client: AsyncClient, setup_token: str
) -> None:
    other = (await register(serial="OTHER")).json()
    secrets = ["", "guessed", "ü", other["device_secret"], at_work["access_token"], setup_token]
    wrong = [await by_secret(client, secret) for secret in secrets]
    wrong += [await by_secret(client, at_work["device_secret"], serial) for serial in ("OTHER", "NOBODY", "")]
    assert {(answer.status_code, answer.json()["error"]) for answer in wrong} == {(401, "invalid_client")}
    assert len({answer.text for answer in wrong}) == 1
    assert all(answer.headers["WWW-Authenticate"].startswith("Basic") for answer in wrong)
    assert (await client.post(f"{PLAYER}/token", data={"grant_type": "client_credentials"})).status_code == 401


async def test_the_secret_fails_in_a_locked_network_and_for_a_deleted_device(
    at_work: dict[str, Any], client: AsyncClient, services: Services, network: Tenant, admin: AsyncClient
) -> None:
    row = await services.networks.row(network.network_id)
    await services.networks.set_locked(row, True, now())
    assert (await by_secret(client, at_work["device_secret"])).json()["error"] == "invalid_client"
    await services.networks.set_locked(row, False, now())
    assert (await admin.delete(f"/Devices/{SERIAL}/")).status_code == 204
    assert (await by_secret(client, at_work["device_secret"])).json()["error"] == "invalid_client"
    assert await services.store.scan_all(Query(device_secret.select())) == []


# --- the grace of refresh tokens


async def test_a_lost_answer_to_token_can_be_repeated(
    at_work: dict[str, Any], client: AsyncClient, call_as: CallAs
) -> None:
    lost = [(await refresh(client, at_work["refresh_token"])).json() for _ in range(3)]
    renewed = (await refresh(client, at_work["refresh_token"])).json()
    assert not any([await works(call_as, each["access_token"]) for each in lost])
    assert await works(call_as, renewed["access_token"])
    assert (await refresh(client, renewed["refresh_token"])).status_code == 200


@pytest.mark.parametrize(("later", "status"), [(GRACE - 5_000, 200), (GRACE + 1, 400)])
async def test_the_grace_ends_after_two_minutes(
    at_work: dict[str, Any], client: AsyncClient, services: Services, later: int, status: int
) -> None:
    await refresh(client, at_work["refresh_token"])
    await age(services.store, later)
    assert (await refresh(client, at_work["refresh_token"])).status_code == status


async def test_a_refresh_token_two_generations_old_ends_the_session(
    at_work: dict[str, Any], client: AsyncClient, call_as: CallAs
) -> None:
    second = (await refresh(client, at_work["refresh_token"])).json()
    third = (await refresh(client, second["refresh_token"])).json()
    again = await refresh(client, at_work["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not await works(call_as, third["access_token"])
    assert (await refresh(client, third["refresh_token"])).status_code == 400
    assert (await by_secret(client, at_work["device_secret"])).status_code == 200


async def test_the_refresh_token_of_a_lost_answer_counts_as_copied(
    at_work: dict[str, Any], client: AsyncClient, call_as: CallAs
) -> None:
    lost = (await refresh(client, at_work["refresh_token"])).json()
    renewed = (await refresh(client, at_work["refresh_token"])).json()
    assert (await refresh(client, lost["refresh_token"])).status_code == 400
    assert not await works(call_as, renewed["access_token"])


# --- a card cloned after its player had joined


async def test_the_end_of_a_session_by_a_reused_token_is_in_the_audit_trail(
    at_work: dict[str, Any], client: AsyncClient, admin: AsyncClient
) -> None:
    second = (await refresh(client, at_work["refresh_token"])).json()
    assert (await refresh(client, second["refresh_token"])).status_code == 200
    for _ in range(2):
        assert (await refresh(client, at_work["refresh_token"])).status_code == 400
    (entry,) = await trail(admin, "[Action] IS 'Revoke'")
    assert (entry["entity"], entry["name"], entry["actor"]) == ("Token", SERIAL, f"player {SERIAL}")
    assert entry["after"] == {
        "reason": "reused_refresh_token",
        "address": "127.0.0.1",
        "knownAddress": "127.0.0.1",
    }


@pytest.mark.parametrize(("turns", "entries"), [("AAA", 0), ("ABBB", 0), ("ABA", 1), ("ABABAB", 1)])
async def test_alternating_addresses_of_one_secret_are_audited_once_an_hour(
    at_work: dict[str, Any], call_as: CallAs, admin: AsyncClient, turns: str, entries: int
) -> None:
    places = {"A": "203.0.113.1", "B": "203.0.113.2"}
    for turn in turns:
        client = call_as()
        client._transport = ASGITransport(client._transport.app, client=(places[turn], 123))
        assert (await by_secret(client, at_work["device_secret"])).status_code == 200
    found = [entry["after"] for entry in await trail(admin, "[Action] IS 'Revoke'")]
    expected = {"reason": "secret_used_by_turns", "address": places["A"], "knownAddress": places["B"]}
    assert found == [expected] * entries


# --- two machines with one serial


async def duplicates(client: AsyncClient) -> list[tuple[str | None, str, Any]]:
    """Returns the events of duplicate serials: device, serial, data."""
    query = {"filter": "[Kind] IS 'DuplicateSerial'"}
    page = (await client.get(f"{ROOT}/admin/v1/events/", params=query)).json()
    return [(event["deviceId"], event["serial"], event["data"]) for event in page["items"]]


async def commands_of(player: AsyncClient) -> Any:
    """Returns the ids of the commands that a player gets, or the status that refuses it."""
    answer = await player.get(f"{PLAYER}/commands")
    return [command["id"] for command in answer.json()] if answer.status_code == 200 else answer.status_code


async def sent(operator: AsyncClient, name: str) -> int:
    answer = await operator.post(f"{ROOT}/admin/v1/commands/", json={"device": SERIAL, "name": name})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def test_of_two_machines_in_two_networks_each_gets_the_commands_of_its_own(
    at_work: dict[str, Any],
    register: Register,
    call_as: CallAs,
    admin: AsyncClient,
    sign_in: SignIn,
    services: Services,
    issue_setup_token: IssueSetupToken,
) -> None:
    other = await services.networks.create("Other", now())
    neighbour = call_as(await sign_in("neighbour@example.com", network_id=other.id))
    here, setup_token = call_as(at_work["access_token"]), await issue_setup_token(other.id)
    for _ in range(2):
        assert (await register(setup_token, serial=SERIAL.lower())).status_code == 409
    assert await duplicates(neighbour) == [(None, SERIAL.lower(), {"address": "127.0.0.1"})]
    assert await duplicates(admin) == []  # nothing happened to its device
    first = await sent(admin, "identify")
    assert await commands_of(here) == [first]
    assert (await admin.delete(f"/Devices/{SERIAL}/")).status_code == 204
    joined = await register(setup_token)
    assert joined.status_code == 201
    there = call_as(joined.json()["access_token"])
    second = await sent(neighbour, "identify")
    assert (await commands_of(there), await commands_of(here)) == ([second], 401)


async def test_of_two_machines_with_one_secret_the_latest_obeys_and_a_command_is_done_once(
    at_work: dict[str, Any], call_as: CallAs, admin: AsyncClient
) -> None:
    async def proves(place: str) -> AsyncClient:
        client = call_as()
        client._transport = ASGITransport(client._transport.app, client=(place, 123))
        return call_as((await by_secret(client, at_work["device_secret"])).json()["access_token"])

    original, clone = "203.0.113.1", "203.0.113.2"
    await proves(original)
    cloned = await proves(clone)
    assert await duplicates(admin) == []  # the player may have moved
    player = await proves(original)
    addresses = {"address": original, "knownAddress": clone}
    assert await duplicates(admin) == [(at_work["device"]["id"], SERIAL, addresses)]
    command = await sent(admin, "identify")
    assert (await commands_of(cloned), await commands_of(player)) == (401, [command])
    said = await player.post(f"{PLAYER}/commands/{command}", json={"state": "running"})
    assert said.status_code == 200
    cloned = await proves(clone)
    assert (await commands_of(cloned), await commands_of(player)) == (204, 401)
    assert len(await duplicates(admin)) == 1  # one an hour


# --- players and networks of before


async def test_a_device_without_a_secret_gets_one_with_its_next_refresh(
    at_work: dict[str, Any], client: AsyncClient, register: Register, services: Services, call_as: CallAs
) -> None:
    await forget_secrets(services.store)
    assert (await register()).status_code == 409
    lost = (await refresh(client, at_work["refresh_token"])).json()
    await age(services.store, DAY)
    renewed = (await refresh(client, at_work["refresh_token"])).json()
    assert renewed["device_secret"] != lost["device_secret"]
    assert await works(call_as, renewed["access_token"])
    assert "device_secret" not in (await refresh(client, renewed["refresh_token"])).json()
    assert (await register()).status_code == 409
    assert (await register(device_secret=renewed["device_secret"])).status_code == 200


async def test_a_network_can_allow_protocol_1_until_a_date_with_a_warning(
    at_work: dict[str, Any], register: Register, services: Services, call_as: CallAs, capsys: pytest.CaptureFixture[str]
) -> None:
    await allow_protocol_1(services.store, now() + DAY)
    for _ in range(2):
        again = await register()
        assert again.status_code == 200
        assert await works(call_as, again.json()["access_token"])
    assert "player joined again without its secret" in capsys.readouterr().out
    await allow_protocol_1(services.store, now() - 1)
    assert (await register()).status_code == 409


async def test_protocol_1_does_not_admit_without_a_secret_once_shown(
    at_work: dict[str, Any], register: Register, services: Services, client: AsyncClient
) -> None:
    await allow_protocol_1(services.store, now() + DAY)
    assert (await by_secret(client, at_work["device_secret"])).status_code == 200
    assert (await register()).status_code == 409


async def test_new_networks_are_strict(services: Services, network: Tenant) -> None:
    assert (await services.networks.row(network.network_id)).protocol_1_until is None


# --- deleted devices


@pytest.mark.parametrize("by_filter", [False, True])
async def test_a_deleted_device_stays_deleted(
    at_work: dict[str, Any], register: Register, admin: AsyncClient, by_filter: bool
) -> None:
    if by_filter:
        assert (await admin.delete("/Devices/", params={"filter": f"[Serial] IS '{SERIAL}'"})).status_code == 200
    else:
        assert (await admin.delete(f"/Devices/{SERIAL}/")).status_code == 204
    for differently in ({}, {"serial": SERIAL.lower()}, {"device_secret": at_work["device_secret"]}):
        refused = await register(**differently)
        assert (refused.status_code, refused.json()["error"]) == (403, "removed")
        assert int(refused.headers["Retry-After"]) >= 600
    assert (await admin.get("/Devices/Count/")).json() == 0
    assert [entry["after"]["reason"] for entry in await trail(admin, "[Action] IS 'Refuse'")] == ["removed"]


async def test_a_block_affects_only_its_own_network(
    at_work: dict[str, Any], register: Register, admin: AsyncClient, services: Services, issue_setup_token: Any
) -> None:
    await admin.delete(f"/Devices/{SERIAL}/")
    other = await services.networks.create("Other", now())
    assert (await register(await issue_setup_token(other.id))).status_code == 201


# --- rate limits


@pytest.mark.parametrize("call", ["register", "refresh", "secret", "guess", "setup token"])
async def test_joining_and_tokens_are_rate_limited(
    at_work: dict[str, Any],
    register: Register,
    client: AsyncClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    monkeypatch.setattr(services.players._rate_limit, "burst", 3)
    monkeypatch.setattr(services.players._rate_limit, "seconds", 3600)
    answers = []
    for _ in range(5):
        match call:
            case "register":
                answers.append(await register(serial="PACED"))
            case "refresh":
                answers.append(await refresh(client, at_work["refresh_token"]))
            case "secret":
                answers.append(await by_secret(client, at_work["device_secret"]))
            case "guess":
                answers.append(await by_secret(client, "guessed"))
            case "setup token":
                answers.append(await register("guessed"))
    assert [answer.status_code for answer in answers][-1] == 429
    assert [answer.status_code for answer in answers].index(429) in (2, 3)
    assert int(answers[-1].headers["Retry-After"]) > 0
    if call == "guess":
        assert (await by_secret(client, at_work["device_secret"])).status_code == 200
