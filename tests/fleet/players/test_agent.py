"""What the software of a player says of itself: the settings it has applied, and the commands it can do."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from tests.conftest import ROOT
from tests.fleet.players.conftest import HD1024, PLAYER, Register

pytestmark = pytest.mark.anyio

ADMIN = f"{ROOT}/admin/v1"
AGENT = f"{ADMIN}/devices/{HD1024['serial']}/agent/"


class Reporter:
    """A player that reports, each time with the next number."""

    def __init__(self, player: AsyncClient) -> None:
        self._player = player
        self._sequence = 0

    async def __call__(self, **members: Any) -> dict[str, Any]:
        self._sequence += 1
        answer = await self._player.post(f"{PLAYER}/report", json={"sequence": self._sequence} | members)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def report(player: AsyncClient) -> Reporter:
    return Reporter(player)


async def agent(admin: AsyncClient) -> dict[str, Any]:
    answer = await admin.get(AGENT)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def settings_events(admin: AsyncClient) -> list[dict[str, Any]]:
    """The events about settings, the oldest first."""
    kinds = "[Event].[Kind] IS IN ('SettingsApplied', 'SettingsRefused')"
    answer = await admin.get(f"{ADMIN}/events/", params={"filter": kinds, "sort": "[Event].[Id] ASC"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_an_operator_sees_whether_a_player_has_applied_its_settings(admin: AsyncClient, report: Reporter) -> None:
    async def state() -> str:
        listed = (await admin.get(f"{ADMIN}/health/")).json()["items"][0]["settings"]
        assert listed == (await agent(admin))["settings"]["state"]
        return str(listed)

    assert await state() == "unknown"
    etag = (await report())["settingsETag"]
    assert await state() == "unknown"
    await report(applied={"settingsETag": etag})
    assert await state() == "applied"
    await admin.patch(
        f"/Devices/{HD1024['serial']}/",
        json=[{"op": "replace", "path": "/settings/network/hostname", "value": "lobby-1"}],
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert await state() == "waiting"
    new = (await report(applied={"settingsETag": etag}))["settingsETag"]
    assert await state() == "waiting"
    failed = [{"path": "/network/hostname", "reason": "not managed here"}]
    await report(applied={"settingsETag": new, "failed": failed})
    assert await state() == "refused"
    seen = (await agent(admin))["settings"]
    assert (seen["settingsETag"], seen["appliedETag"], seen["failed"]) == (new, new, failed)


async def test_an_outcome_of_settings_is_one_event_however_often_it_is_reported(
    admin: AsyncClient, report: Reporter
) -> None:
    etag = (await report())["settingsETag"]
    refused = {"settingsETag": etag, "failed": [{"path": "/screen", "reason": "no screen"}]}
    for applied in (refused, refused, {"settingsETag": etag}, refused, {"settingsETag": etag}):
        await report(applied=applied)
    await report(applied={"settingsETag": '"somethingElse"'})  # not the settings of this device
    found = await settings_events(admin)
    assert [event["kind"] for event in found] == ["SettingsRefused", "SettingsApplied"]
    assert found[0]["data"] == refused
    assert (await agent(admin))["settings"]["state"] == "waiting"


async def test_a_wrong_path_of_what_failed_is_named(player: AsyncClient) -> None:
    body = {"sequence": 1, "applied": {"settingsETag": '"x"', "failed": [{"path": ""}]}}
    answer = await player.post(f"{PLAYER}/report", json=body)
    assert answer.status_code == 400
    assert "applied.failed[0].path" in answer.json()["message"]


async def test_long_lists_are_cut(admin: AsyncClient, report: Reporter) -> None:
    etag = (await report())["settingsETag"]
    failed = [{"path": f"/{number}"} for number in range(70)]
    await report(applied={"settingsETag": etag, "failed": failed}, can=[f"c{number:02}" for number in range(70)])
    seen = await agent(admin)
    assert (len(seen["settings"]["failed"]), len(seen["can"])) == (64, 64)


async def test_a_command_that_the_player_cannot_do_is_refused(admin: AsyncClient, register: Register) -> None:
    await register(can=["Screenshot", "reboot"])
    command = {"device": HD1024["serial"], "name": "display", "arguments": {"power": "off"}}
    answer = await admin.post(f"{ADMIN}/commands/", json=command)
    assert answer.status_code == 409
    assert "cannot do the command 'display'" in answer.json()["message"]
    assert "reboot, screenshot" in answer.json()["message"]
    reboot = {"device": HD1024["serial"], "name": "reboot"}
    assert (await admin.post(f"{ADMIN}/commands/", json=reboot)).status_code == 201
    kinds = (await admin.get(f"{ADMIN}/command-kinds/", params={"device": HD1024["serial"]})).json()
    assert {kind["name"] for kind in kinds if kind["can"]} == {"screenshot", "reboot"}


async def test_an_old_player_may_do_all_until_it_says_otherwise(admin: AsyncClient, report: Reporter) -> None:
    command = {"device": HD1024["serial"], "name": "identify"}
    assert (await agent(admin))["can"] is None
    assert all(
        kind["can"] for kind in (await admin.get(f"{ADMIN}/command-kinds/", params={"device": HD1024["serial"]})).json()
    )
    assert (await admin.post(f"{ADMIN}/commands/", json=command)).status_code == 201
    await report(can=[])
    answer = await admin.post(f"{ADMIN}/commands/", json=command)
    assert (answer.status_code, "none at all" in answer.json()["message"]) == (409, True)


async def test_a_batch_leaves_out_the_players_that_cannot(admin: AsyncClient, register: Register) -> None:
    for serial, can in (("ABLE1", ["logs"]), ("UNABLE1", ["reboot"]), ("OLD1", None)):
        assert (await register(serial=serial, can=can)).status_code == 201
    batch = {"filter": "[Device].[Serial] IS IN ('ABLE1', 'UNABLE1', 'OLD1')", "name": "logs"}
    preview = (await admin.post(f"{ADMIN}/command-batches/preview/", json=batch)).json()
    assert (preview["count"], preview["unable"]) == (3, 1)
    sent = (await admin.post(f"{ADMIN}/command-batches/", json=batch)).json()
    assert (sent["total"], sent["skipped"], sent["unable"]) == (2, 0, 1)


async def test_what_a_player_said_is_deleted_with_its_device(
    admin: AsyncClient, report: Reporter, register: Register
) -> None:
    await report(can=["reboot"], metrics={"cpu": 1})
    assert (await admin.delete(f"/Devices/{HD1024['serial']}/")).status_code == 204
    assert (await admin.get(AGENT)).status_code == 404


async def test_the_settings_say_what_an_operator_has_set(admin: AsyncClient, player: AsyncClient) -> None:
    async def patch(path: str, value: Any) -> list[str]:
        answer = await admin.patch(
            f"/Devices/{HD1024['serial']}/",
            json=[{"op": "replace", "path": f"/settings/{path}", "value": value}],
            headers={"Content-Type": "application/json-patch+json"},
        )
        assert answer.status_code == 204, answer.text
        return list((await player.get(f"{PLAYER}/settings")).json()["managed"])

    assert (await player.get(f"{PLAYER}/settings")).json()["managed"] == []
    assert await patch("name", "Lobby") == ["/name"]
    assert await patch("network/hostname", "lobby-1") == ["/name", "/network/hostname"]
    assert await patch("description", "At the door") == ["/description", "/name", "/network/hostname"]
    assert await patch("description", None) == ["/name", "/network/hostname"]
    assert "managed" not in (await admin.get(f"/Devices/{HD1024['serial']}/")).json()["settings"]
