"""What the server has confirmed survives `kill -9`, and what players repeat because of it is stored once."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
from sqlalchemy import select

from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_error
from tests.api import Api
from tests.running import Running, bootstrapped, running_server

#: A start takes most of the time of a round; `make torture` kills many more times.
KILLS = {"sqlite": 5, "postgresql": 2}
WRITERS = 6
REPORTS = 3


@dataclass
class Player:
    """One player: what it has sent, and what of it the server has confirmed."""

    serial: str
    device_id: int | None = None
    access_token: str = ""
    reports_sent: int = 0
    reports_confirmed: int = 0

    async def live(self, http: httpx.AsyncClient, setup_token: str) -> None:
        """Registers and reports, or goes on with it: repeats a call that had no answer as it was."""
        if self.device_id is None:
            facts = {"serial": self.serial, "model": "HD1024", "firmware": "9.0.145"}
            registered = await post(http, "register", setup_token, facts)
            self.device_id, self.access_token = registered["device"]["id"], registered["access_token"]
        for number in range(self.reports_confirmed + 1, REPORTS + 1):
            self.reports_sent = number
            report = {"sequence": number, "status": {"uptime": uptime(number)}, "errors": [{"errorName": str(number)}]}
            await post(http, "report", self.access_token, report)
            self.reports_confirmed = number


async def post(http: httpx.AsyncClient, call: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(f"/player/v1/{call}", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.is_success, answer.text
    return dict(answer.json())


def uptime(reports: int) -> str | None:
    """Returns a device's uptime after so many reports."""
    return f"{reports:02}:00:00" if reports else None


async def live_until_killed(server: Running, setup_token: str, players: Iterable[Player], moments: Random) -> None:
    """Lets a few players at a time live, and kills the server meanwhile, at a random moment."""
    waiting = iter(players)
    killed = False
    due = asyncio.Event()
    left = moments.randrange(2, 12)

    async def write(http: httpx.AsyncClient) -> None:
        nonlocal left
        try:
            for player in waiting:
                await player.live(http, setup_token)
                left -= 1
                if left == 0:
                    due.set()
        except httpx.TransportError:
            assert killed

    async with client(server) as http, asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(write(http))
        await due.wait()
        await asyncio.sleep(moments.uniform(0, 0.02))
        killed = True
        server.stop(signal.SIGKILL)


async def finish(server: Running, setup_token: str, players: Iterable[Player]) -> None:
    async with client(server) as http:
        for player in players:
            await player.live(http, setup_token)


def client(server: Running) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.address, verify=False)


def check(players: list[Player], devices: list[dict[str, Any]]) -> None:
    """Everything confirmed is stored once; what had no answer is stored as a whole or not at all."""
    assert set(Counter(device["serial"] for device in devices).values()) <= {1}
    stored = {device["serial"]: device for device in devices}
    for player in players:
        device = stored.pop(player.serial, None)
        if device is None:
            assert player.device_id is None, f"lost: {player}"
        else:
            assert player.device_id in {None, device["id"]}
            possible = {uptime(player.reports_confirmed), uptime(player.reports_sent)}
            assert (device["status"] or {}).get("uptime") in possible, f"lost a report: {player}"
    assert not stored


async def stored_errors(database: str) -> list[tuple[int, str]]:
    """Returns device and name of every error in the store."""
    store = await open_store(database, connections=1)
    try:
        rows = await store.scan_all(Query(select(device_error.c.device_id, device_error.c.name)))
    finally:
        await store.close()
    return [(row.device_id, row.name) for row in rows]


def check_integrity(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_kill_neither_loses_nor_repeats_confirmed_writes(database: str, tmp_path: Path) -> None:
    moments = Random(20)
    network = bootstrapped(tmp_path, database)
    arguments = ("--data", str(tmp_path), "--database", database, "--no-access-log")
    players: list[Player] = []
    setup_token = ""
    scheme = database.partition(":")[0]

    def some() -> Iterable[Player]:
        """Yields those that the last kill has interrupted, then new ones without end."""
        yield from [player for player in players if player.reports_confirmed < REPORTS]
        for number in itertools.count(len(players)):
            players.append(Player(f"KILL{number:06}"))
            yield players[-1]

    for _ in range(KILLS[scheme]):
        with running_server(*arguments) as server, Api(server.address, network) as api:
            check(players, list(api.devices(pageSize="100")))
            setup_token = setup_token or api.setup_token()
            asyncio.run(live_until_killed(server, setup_token, some(), moments))
    assert any(player.reports_confirmed < REPORTS for player in players), "no kill has interrupted anybody"

    with running_server(*arguments) as server, Api(server.address, network) as api:
        asyncio.run(finish(server, setup_token, players))
        check(players, list(api.devices(pageSize="100")))
        server.stop()
    if scheme == "sqlite":
        check_integrity(Path(database.removeprefix("sqlite:///")))
    errors = asyncio.run(stored_errors(database))
    assert sorted(errors) == sorted((player.device_id, str(n)) for player in players for n in range(1, REPORTS + 1))
