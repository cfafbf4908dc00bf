"""A command to all devices that a filter matches: so many at once, stopped after failures."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from tests.conftest import CallAs
from tests.fleet.commands.conftest import ADMIN, PLAYER, say, token_of
from tests.fleet.devices.stored import register
from tests.world import now

Players = dict[str, AsyncClient]


@pytest.fixture
async def players(services: Services, network: Any, call_as: CallAs) -> Players:
    """Registers five devices; returns clients with the tokens of their players."""
    serials = [f"B{number}" for number in range(5)]
    ids = await register(services.store, network.network_id, serials, now=now())
    tokens = [await token_of(services, network.network_id, id_) for id_ in ids]
    return {serial: call_as(token) for serial, token in zip(serials, tokens, strict=True)}


async def create(admin: AsyncClient, key: str = "", **more: Any) -> dict[str, Any]:
    body = {"filter": "[Serial] IS 'B*'", "name": "reload", **more}
    answer = await admin.post(f"{ADMIN}/command-batches/", json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def batch(admin: AsyncClient, id_: int) -> dict[str, Any]:
    return dict((await admin.get(f"{ADMIN}/command-batches/{id_}/")).json())


async def obey(players: Players, state: str) -> list[str]:
    """Lets all players with a command say what became of it; returns their serials."""
    found = []
    for serial, player in players.items():
        answer = await player.get(f"{PLAYER}/commands")
        for command in answer.json() if answer.status_code == 200 else ():
            found.append(serial)
            await say(player, command["id"], state)
    return found


async def test_a_preview_counts_and_names_devices_and_sends_nothing(admin: AsyncClient, players: Players) -> None:
    body = {"filter": "[Serial] IS 'B*'", "name": "reload"}
    preview = (await admin.post(f"{ADMIN}/command-batches/preview/", json=body)).json()
    assert (preview["count"], [each["serial"] for each in preview["examples"]]) == (5, sorted(players))
    assert await obey(players, "succeeded") == []


async def test_a_batch_reaches_every_device_once(services: Services, admin: AsyncClient, players: Players) -> None:
    made = await create(admin, "key")
    assert (await create(admin, "key"))["id"] == made["id"]
    assert (made["total"], made["state"], made["states"]["queued"]) == (5, "running", 5)
    assert await obey(players, "succeeded") == sorted(players)
    await services.delivery.sweep(now())
    ended = await batch(admin, made["id"])
    assert (ended["state"], ended["states"]["succeeded"]) == ("finished", 5)
    listed = (await admin.get(f"{ADMIN}/command-batches/")).json()
    assert [each["id"] for each in listed["items"]] == [made["id"]]


async def test_no_more_than_asked_are_unfinished_at_a_time(admin: AsyncClient, players: Players) -> None:
    made = await create(admin, atOnce=2)
    assert await obey(players, "running") == ["B0", "B1"]
    first = (await admin.get(f"{ADMIN}/commands/", params={"filter": "[State] IS 'running'"})).json()["items"]
    for command in first:
        await say(players[command["device"]["serial"]], command["id"], "succeeded")
    assert await obey(players, "succeeded") == ["B2", "B3", "B4"], "the next one follows as soon as there is room"
    assert (await batch(admin, made["id"]))["state"] == "finished"


async def test_a_batch_stops_after_failures_and_cancels_the_rest(admin: AsyncClient, players: Players) -> None:
    made = await create(admin, atOnce=1, stopAfter=2)
    failed = [serial for _ in range(5) for serial in await obey({"B0": players["B0"], "B1": players["B1"]}, "failed")]
    assert failed == ["B0", "B1"]
    ended = await batch(admin, made["id"])
    assert (ended["state"], ended["states"]["failed"], ended["states"]["cancelled"]) == ("stopped", 2, 3)
    assert await obey(players, "succeeded") == []


async def test_a_batch_can_be_cancelled_and_spread(services: Services, admin: AsyncClient, players: Players) -> None:
    made = await create(admin, atOnce=3, jitter=86_400)
    assert await obey(players, "succeeded") == [], "their moment comes later"
    assert (await admin.post(f"{ADMIN}/command-batches/{made['id']}/cancel/")).status_code == 204
    assert (await admin.post(f"{ADMIN}/command-batches/{made['id']}/cancel/")).status_code == 409
    assert (await batch(admin, made["id"]))["states"]["cancelled"] == 2


async def test_devices_that_have_the_command_already_are_skipped(admin: AsyncClient, players: Players) -> None:
    await admin.post(f"{ADMIN}/commands/", json={"device": "B3", "name": "reboot"})
    made = await create(admin, name="reboot")
    assert (made["total"], made["skipped"]) == (4, 1)
