"""Operators send commands to a player; the player gets them, and says what became of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.foundation.errors import Throttled
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import audit, device, event, unneeded_file
from signfleet.foundation.wire.timespan import DAY, MINUTE
from signfleet.identity.access.operations.definitions import (
    SEND_DANGER_COMMANDS,
    SEND_LOOK_COMMANDS,
    VIEW_DEVICE,
)
from tests.conftest import ON_SQLITE, CallAs, SignIn
from tests.fleet.commands.conftest import ADMIN, PLAYER, Send, get, say
from tests.fleet.devices.stored import register
from tests.identity.access.granted import Rule, put
from tests.world import now


async def test_a_command_goes_to_its_player_and_its_outcome_comes_back(
    services: Services, admin: AsyncClient, player: AsyncClient, send: Send, device_id: int
) -> None:
    sent = await send("diagnostics", arguments={"test": "ping", "host": "example.com"})
    assert (sent["state"], sent["group"], sent["device"]) == ("queued", "look", {"id": device_id, "serial": "A1"})
    (got,) = (await player.get(f"{PLAYER}/commands")).json()
    assert (got["id"], got["name"], got["arguments"]) == (sent["id"], "diagnostics", sent["arguments"])
    assert (await get(admin, sent["id"]))["state"] == "sent"
    assert [again["id"] for again in (await player.get(f"{PLAYER}/commands")).json()] == [sent["id"]], "until it begins"
    assert (await say(player, sent["id"], "running")).json() == {"id": sent["id"], "state": "running"}
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204
    file = await player.put(
        f"{PLAYER}/commands/{sent['id']}/files/ping.txt", content=b"64 bytes", headers={"Content-Type": "text/plain"}
    )
    assert (file.status_code, file.json()) == (201, {"name": "ping.txt", "size": 8})
    await say(player, sent["id"], "succeeded", message="3 of 3", result={"lost": 0})
    done = await get(admin, sent["id"])
    assert (done["state"], done["message"], done["result"]) == ("succeeded", "3 of 3", {"lost": 0})
    assert [(file["name"], file["size"]) for file in done["files"]] == [("ping.txt", 8)]
    content = await admin.get(f"{ADMIN}/commands/{sent['id']}/files/ping.txt")
    assert (content.content, content.headers["Content-Type"]) == (b"64 bytes", "application/octet-stream")
    rows = await services.store.scan_all(Query(event.select().where(event.c.kind == "CommandFinished")))
    assert [(row.device_id, row.name) for row in rows] == [(device_id, "diagnostics")]


async def test_a_repeat_of_what_the_player_says_changes_nothing(
    admin: AsyncClient, player: AsyncClient, send: Send
) -> None:
    command_id = (await send("reload"))["id"]
    await player.get(f"{PLAYER}/commands")
    for state, stored in (
        ("running", "running"),
        ("running", "running"),
        ("failed", "failed"),
        ("succeeded", "failed"),
    ):
        assert (await say(player, command_id, state)).json()["state"] == stored
    before = await get(admin, command_id)
    assert (await say(player, command_id, "running")).json()["state"] == "failed"
    assert await get(admin, command_id) == before


async def test_a_device_needs_one_reboot_at_a_time(send: Send, player: AsyncClient) -> None:
    first = await send("reboot")
    assert (await send("reboot", 200))["id"] == first["id"]
    await say(player, first["id"], "running")
    assert (await send("reboot", 200))["id"] == first["id"]
    await say(player, first["id"], "succeeded")
    assert (await send("reboot"))["id"] != first["id"]


async def test_a_request_with_the_same_key_creates_one_command(
    services: Services, admin: AsyncClient, device_id: int
) -> None:
    async def post(name: str = "identify", key: str = "k1") -> Any:
        return await admin.post(
            f"{ADMIN}/commands/", json={"device": device_id, "name": name}, headers={"Idempotency-Key": key}
        )

    answers = await asyncio.gather(*(post() for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await post("reload")).status_code == 409
    assert (await post(key="k2")).status_code == 201
    assert (await post(key="k" * 256)).status_code == 400


async def test_a_command_that_nobody_begins_expires_and_one_without_end_is_lost(
    services: Services, admin: AsyncClient, player: AsyncClient, send: Send
) -> None:
    begun, waiting = (await send("reload"))["id"], (await send("identify"))["id"]
    await say(player, begun, "running")
    await services.delivery.sweep(now() + 11 * MINUTE)
    assert (await get(admin, waiting))["state"] == "expired"
    assert (await get(admin, begun))["state"] == "lost"
    refused = await say(player, waiting, "running")
    assert (refused.status_code, "expired" in refused.text) == (409, True)
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204
    await say(player, begun, "succeeded")
    assert (await get(admin, begun))["state"] == "succeeded", "the player knows what it did"


async def test_a_command_can_be_cancelled_until_it_begins(admin: AsyncClient, player: AsyncClient, send: Send) -> None:
    one, two = (await send("reload"))["id"], (await send("identify"))["id"]
    assert (await admin.post(f"{ADMIN}/commands/{one}/cancel/")).status_code == 204
    assert [got["id"] for got in (await player.get(f"{PLAYER}/commands")).json()] == [two]
    assert (await say(player, one, "running")).status_code == 409
    await say(player, two, "running")
    assert (await admin.post(f"{ADMIN}/commands/{two}/cancel/")).status_code == 409


async def test_a_waiting_player_gets_a_command_at_once(player: AsyncClient, send: Send) -> None:
    waiting = asyncio.create_task(player.get(f"{PLAYER}/commands?wait=50"))
    await asyncio.sleep(0.05)
    sent = await send("identify")
    assert [got["id"] for got in (await waiting).json()] == [sent["id"]]


async def test_commands_are_listed_by_expression(admin: AsyncClient, player: AsyncClient, send: Send) -> None:
    ids = [(await send(name))["id"] for name in ("reload", "identify", "identify")]
    await say(player, ids[1], "rejected", message="not here")
    page = (await admin.get(f"{ADMIN}/commands/", params={"filter": "[Name] IS 'identify'", "pageSize": 1})).json()
    assert (page["totalItemCount"], page["matchingItemCount"], page["items"][0]["id"]) == (3, 2, ids[2])
    rest = await admin.get(
        f"{ADMIN}/commands/",
        params={"filter": "[Name] IS 'identify'", "pageSize": 1, "marker": page["nextMarker"]},
    )
    assert [item["id"] for item in rest.json()["items"]] == [ids[1]]
    ended = (
        await admin.get(f"{ADMIN}/commands/", params={"filter": "[State] IS 'rejected' AND [Serial] IS 'a1'"})
    ).json()
    assert [item["message"] for item in ended["items"]] == ["not here"]


async def test_each_group_of_commands_needs_its_operation_and_shows_only_its_commands(
    services: Services, network: Any, admin: AsyncClient, send: Send, sign_in: SignIn, call_as: CallAs, device_id: int
) -> None:
    (other,) = await register(services.store, network.network_id, ["B2"], now=now())
    seen, hidden = (await send("screenshot"))["id"], (await send("reboot"))["id"]
    elsewhere = (await send("screenshot", device=other))["id"]
    caller = call_as(await sign_in("looker@example.com", role=None))
    user_id = (await admin.get("/Users/looker@example.com/")).json()["id"]
    rules = [Rule(one, "User", user_id, device_id) for one in (VIEW_DEVICE, SEND_LOOK_COMMANDS)]
    await put(services.store, network.network_id, rules)
    listed = (await caller.get(f"{ADMIN}/commands/")).json()
    assert ([item["id"] for item in listed["items"]], listed["totalItemCount"]) == ([seen], 1)
    for id_, status in ((seen, 200), (hidden, 404), (elsewhere, 404)):
        assert (await caller.get(f"{ADMIN}/commands/{id_}/")).status_code == status
    for serial, name, status in (("A1", "screenshot", 200), ("A1", "reboot", 403), ("B2", "screenshot", 404)):
        answer = await caller.post(f"{ADMIN}/commands/", json={"device": serial, "name": name})
        assert answer.status_code == status, (serial, name, answer.text)


@ON_SQLITE
async def test_dangerous_commands_need_the_networks_leave(
    services: Services, admin: AsyncClient, send: Send, sign_in: SignIn, call_as: CallAs
) -> None:
    script = {"arguments": {"name": "clean-up", "arguments": ["--secret"]}}
    assert "does not allow dangerous commands" in (await send("script", 403, **script))["message"]
    assert (await admin.put(f"{ADMIN}/command-rules/", json={"dangerAllowed": True})).status_code == 204
    sent = await send("script", **script)
    assert sent["arguments"] == {"name": "clean-up", "arguments": "********"}
    rows = await services.store.scan_all(Query(audit.select().where(audit.c.entity == "Command")))
    assert [("********" in row.after, "--secret" in row.after) for row in rows] == [(True, False)]


@ON_SQLITE
@pytest.mark.usefixtures("danger", "device_id")
async def test_who_may_send_only_dangerous_commands_sends_and_cancels_these(
    services: Services, network: Any, admin: AsyncClient, sign_in: SignIn, call_as: CallAs
) -> None:
    caller = call_as(await sign_in("scripter@example.com", role=None))
    user_id = (await admin.get("/Users/scripter@example.com/")).json()["id"]
    rules = [Rule(one, "User", user_id) for one in (VIEW_DEVICE, SEND_DANGER_COMMANDS)]
    await put(services.store, network.network_id, rules)
    script = {"name": "script", "arguments": {"name": "clean-up"}}
    sent = await caller.post(f"{ADMIN}/commands/", json={"device": "A1", **script})
    assert sent.status_code == 201, sent.text
    assert (await caller.post(f"{ADMIN}/commands/{sent.json()['id']}/cancel/")).status_code == 204
    batch = {"filter": "[Serial] IS 'A*'", **script}
    assert (await caller.post(f"{ADMIN}/command-batches/preview/", json=batch)).json()["count"] == 1
    made = await caller.post(f"{ADMIN}/command-batches/", json=batch)
    assert made.status_code == 201, made.text
    assert (await caller.post(f"{ADMIN}/command-batches/{made.json()['id']}/cancel/")).status_code == 204
    refused = await caller.post(f"{ADMIN}/commands/", json={"device": "A1", "name": "reboot"})
    assert (refused.status_code, "Nudge" in refused.text) == (403, True)


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("reboots", {}, "did you mean reboot?"),
        ("relay", {}, "there is no command 'relay'"),
        ("reboot", {"when": "now"}, "'arguments'"),
        ("display", {}, "missing required field 'power'"),
        ("display", {"power": "dim"}, "known are off, on"),
        ("diagnostics", {"test": "ping"}, "needs a 'host'"),
        ("diagnostics", {"test": "interfaces", "host": "a.example"}, "takes no 'host'"),
        ("diagnostics", {"test": "dns", "host": "-rf"}, "host name"),
        ("timezone", {"timezone": "CTE"}, "did you mean"),
        ("logs", {"since": "yesterday"}, "'arguments.since'"),
        ("firmware", {"url": "ftp://x", "hash": "SHA256:00ff00ff"}, "http"),
        ("registry-set", {"section": "a", "key": "b", "value": "x" * 5000}, "arguments.value"),
    ],
)
async def test_bad_arguments_are_refused_with_their_name(
    send: Send, name: str, arguments: dict[str, Any], complaint: str
) -> None:
    refused = await send(name, 400, arguments=arguments)
    assert complaint.lower() in refused["message"].lower()


@ON_SQLITE
async def test_a_device_has_at_most_a_hundred_unfinished_commands(send: Send) -> None:
    for _ in range(100):
        await send("identify")
    assert (await send("identify", 400))["error"] == "quota_reached"


@ON_SQLITE
async def test_results_and_files_have_limits(
    services: Services, admin: AsyncClient, player: AsyncClient, send: Send
) -> None:
    command_id = (await send("logs"))["id"]
    files = f"{PLAYER}/commands/{command_id}/files"
    text = {"Content-Type": "text/plain"}
    assert (await say(player, command_id, "succeeded", result="x" * 70_000)).status_code == 413
    assert (await player.put(f"{files}/..%2fx", content=b"x", headers=text)).status_code in (400, 404)
    assert (await player.put(f"{files}/.x", content=b"x", headers=text)).status_code == 400
    for number in range(8):
        assert (await player.put(f"{files}/{number}", content=b"x" * (number + 1), headers=text)).status_code == 201
    assert (await player.put(f"{files}/7", content=b"other", headers=text)).json() == {"name": "7", "size": 8}
    assert (await player.put(f"{files}/8", content=b"x", headers=text)).status_code == 400
    services.command_files._bytes_per_network = 40
    second = (await send("logs"))["id"]
    full = await player.put(f"{PLAYER}/commands/{second}/files/a", content=b"x" * 9, headers=text)
    assert (full.status_code, full.json()["error"]) == (400, "quota_reached")


@ON_SQLITE
async def test_old_commands_and_their_files_are_deleted(
    services: Services, admin: AsyncClient, player: AsyncClient, send: Send
) -> None:
    command_id = (await send("logs"))["id"]
    await player.put(f"{PLAYER}/commands/{command_id}/files/a", content=b"x", headers={"Content-Type": "text/plain"})
    await say(player, command_id, "succeeded")
    await services.command_retention.sweep(now() + 29 * DAY)
    assert (await get(admin, command_id))["files"] != []
    await services.command_retention.sweep(now() + 31 * DAY)
    assert (await admin.get(f"{ADMIN}/commands/{command_id}/")).status_code == 404
    names = [row.name for row in await services.store.scan_all(Query(unneeded_file.select()))]
    assert len(names) == 1
    assert names[0].startswith("commands/")


async def test_a_deleted_device_takes_its_commands_along(admin: AsyncClient, send: Send) -> None:
    command_id = (await send("reload"))["id"]
    assert (await admin.delete("/Devices/A1/")).status_code == 204
    assert (await admin.get(f"{ADMIN}/commands/{command_id}/")).status_code == 404


@pytest.mark.usefixtures("danger")
async def test_a_relayed_request_waits_for_the_players_answer(
    services: Services, network: Any, admin: AsyncClient, player: AsyncClient, device_id: int
) -> None:
    asked = asyncio.create_task(
        admin.post(f"{ADMIN}/devices/A1/relay/", json={"method": "GET", "route": "/v1/info", "data": {"a": 1}})
    )
    (got,) = (await player.get(f"{PLAYER}/commands?wait=20")).json()
    assert got["arguments"] == {"method": "GET", "route": "/v1/info", "data": {"a": 1}}
    await say(player, got["id"], "succeeded", result={"status": 200})
    assert (await asked).json() == {"state": "succeeded", "message": None, "result": {"status": 200}}
    services.relay.seconds = 0.01
    silent = await admin.post(f"{ADMIN}/devices/A1/relay/", json={"method": "GET", "route": "/v1/info"})
    assert silent.json()["state"] == "expired"
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204, "it is cancelled"


@ON_SQLITE
async def test_a_relayed_request_is_cancelled_with_its_caller_and_few_wait_at_a_time(
    services: Services, network: Any, player: AsyncClient, device_id: int
) -> None:
    waiting = [
        asyncio.create_task(services.relay.relay(network.network_id, device_id, "GET", f"/{number}", None))
        for number in range(4)
    ]
    while len((await player.get(f"{PLAYER}/commands?wait=1")).json()) < 4:
        pass
    with pytest.raises(Throttled):
        await services.relay.relay(network.network_id, device_id, "GET", "/5", None)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert (await player.get(f"{PLAYER}/commands")).status_code == 204


async def test_a_player_that_only_reports_gets_its_commands_with_the_answer(
    services: Services, player: AsyncClient, send: Send
) -> None:
    async def report(sequence: int) -> Any:
        return (await player.post(f"{PLAYER}/report", json={"sequence": sequence})).json()

    assert "commands" not in await report(1)
    sent = await send("identify")
    for sequence in (2, 2, 3):  # with a repeat, and until it begins
        assert [got["id"] for got in (await report(sequence))["commands"]] == [sent["id"]]
    await say(player, sent["id"], "running")
    assert "commands" not in await report(4)
    (row,) = await services.store.scan_all(Query(device.select()))
    assert not row.has_commands, "reports look no further"
