"""Simulated players obey commands over a real server, and none twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from signfleet.simulator.answers import TryLater
from signfleet.simulator.commands import Commands
from signfleet.simulator.fleet import fleet
from signfleet.simulator.ledger import REMEMBERED, Ledger
from signfleet.simulator.listening import messages
from signfleet.simulator.machine import Machine
from signfleet.simulator.obedience import CAN

NOW = 1_710_347_352_000
HEALTHY = next(profile for profile in fleet(200) if profile.condition == "healthy")


class Server:
    """Answers as the protocol requires; loses the answers of the requests whose numbers are in `lost`."""

    def __init__(self, *lost: int) -> None:
        self.lost = set(lost)
        self.asked: list[tuple[str, str]] = []
        self.states: dict[int, str] = {}
        self.results: dict[int, Any] = {}
        self.files: dict[str, bytes] = {}

    async def ask_as_device(self, method: str, path: str, **request: Any) -> httpx.Response:
        self.asked.append((method, path))
        body = request.get("json")
        if method == "POST":
            id_ = int(path.split("/")[1])
            if self.states.get(id_) in (None, "running"):
                self.states[id_], self.results[id_] = body["state"], body.get("result")
            answer: Any = {"id": id_, "state": self.states[id_]}
        else:
            self.files.setdefault(path, request["content"])
            answer = {}
        if len(self.asked) in self.lost:
            raise TryLater(None)
        return httpx.Response(200, json=answer)

    async def send_picture(self, quality: int | None) -> httpx.Response:
        return await self.ask_as_device("PUT", f"screenshots/{quality}", content=b"picture")

    async def fetch_settings(self) -> None: ...


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


def commands(server: Server, clock: Clock | None = None, ledger: Ledger | None = None, started: int = NOW) -> Commands:
    return Commands(Machine(HEALTHY, started), ledger or Ledger(), server, clock or Clock())


def command(id_: int, name: str, /, **arguments: Any) -> dict[str, Any]:
    return {"id": id_, "name": name, "arguments": arguments}


EVERY = {
    "display": {"power": "off"},
    "diagnostics": {"test": "ping", "host": "example.com"},
    "timezone": {"timezone": "CET"},
    "registry-get": {"section": "networking"},
    "registry-set": {"section": "html", "key": "mp", "value": "x"},
    "firmware": {"url": "https://x.example/f.bsfw", "hash": "SHA256:00ff00ff", "version": "9.9.9"},
    "script": {"name": "clean-up"},
    "relay": {"method": "GET", "route": "/v1/info"},
}


@pytest.mark.parametrize("name", CAN)
async def test_a_player_obeys_every_command(name: str) -> None:
    server, clock = Server(), Clock()
    player = commands(server, clock)
    await player.take([command(1, name, **EVERY.get(name, {}))])
    clock.now += 60_000
    await player.go_on()
    assert server.states == {1: "succeeded"}
    assert player.acted == [1]
    await player.take([command(1, name, **EVERY.get(name, {}))])
    assert player.acted == [1], "a repeat"


async def test_an_unknown_command_is_rejected() -> None:
    server = Server()
    await commands(server).take([command(1, "self-destruct")])
    assert server.states == {1: "rejected"}


@pytest.mark.parametrize("lost", range(1, 5))
async def test_a_lost_answer_at_any_step_does_nothing_twice(lost: int) -> None:
    server = Server(lost)
    player = commands(server)
    for _ in range(3):
        try:
            await player.take([command(1, "logs", source="system", maxBytes=5000)])
        except TryLater:
            continue
    assert (player.acted, server.states, bool(player._ledger.open)) == ([1], {1: "succeeded"}, False)
    assert list(server.files) == ["commands/1/files/system.log"]


async def test_a_reboot_makes_the_player_silent_and_changes_boot_id_and_uptime() -> None:
    server, clock = Server(), Clock()
    player = commands(server, clock)
    boot, before = player._machine.boot_id, player._machine.status(NOW)["uptime"]
    await player.take([command(1, "reboot"), command(2, "identify")])
    assert player.is_silent
    assert server.states == {1: "running"}
    clock.now += 60_000
    await player.go_on()
    assert server.states == {1: "succeeded", 2: "succeeded"}
    assert player._machine.boot_id != boot
    assert player._machine.status(clock.now)["uptime"] < before


async def test_registry_time_zone_and_firmware_have_state() -> None:
    server, clock = Server(), Clock()
    player = commands(server, clock)
    await player.take(
        [
            command(1, "registry-set", section="Networking", key="TS", value="http://ntp.example"),
            command(2, "registry-get", section="networking", key="ts"),
            command(3, "timezone", timezone="JST"),
            command(4, "firmware", **EVERY["firmware"]),
        ]
    )
    assert server.results[2]["value"] == "http://ntp.example"
    status = player._machine.status(NOW)
    assert (status["timezone"], status["firmware"]) == ("JST", {"version": "9.9.9"})


async def test_the_same_player_answers_alike() -> None:
    one, same = Server(), Server()
    for server in (one, same):
        asked = [command(1, "logs"), command(2, "diagnostics", test="trace-route", host="a.example")]
        await commands(server).take(asked)
    assert (one.files, json.dumps(one.results)) == (same.files, json.dumps(same.results))


async def test_a_program_that_ended_while_it_acted_does_not_act_again(tmp_path: Path) -> None:
    path = tmp_path / "A1"
    ledger = Ledger(path)
    ledger.take(command(1, "registry-set", section="a", key="b", value="c"))
    ledger.take(command(2, "reboot"))
    for entry in ledger.open:
        ledger.move(entry, "acting", boot="before")
    path.write_bytes(path.read_bytes() + b'{"id":3,"na')
    server = Server()
    player = commands(server, ledger=Ledger(path), started=NOW + 1)
    await player.go_on()
    assert (player.acted, server.states) == ([], {1: "failed", 2: "succeeded"})


def test_the_last_commands_are_remembered(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "A1")
    for number in range(REMEMBERED + 50):
        ledger.take(command(number, "identify"))
        ledger.move(ledger.open[0], "settled")
    again = Ledger(tmp_path / "A1")
    assert (49 in again, 51 in again, REMEMBERED + 49 in again) == (False, True, True)


async def test_messages_of_a_stream_are_read() -> None:
    async def lines() -> Any:
        for line in ("retry: 5000", "", ":", "", "event: command", 'data: {"id":1}', "", "data: 2", ""):
            yield line

    assert [message async for message in messages(lines())] == [("command", {"id": 1}), ("message", 2)]
