"""Beside 50,000 players: what they take of a core, and how long an operator waits for a device meanwhile

50,000 players that report once a minute make 833 reports a second, each durable before its answer. The devices of the
large fleet take turns to send as many; BENCH_DEVICES=50000 has one for each player. Each has reported once before, so
that nobody measures 50,000 players that all come back from silence. A process of its own sends the reports, each at its
time whether or not earlier ones were answered. The operator asks for a device again and again, with pauses;
then beside reports as fast as 64 connections send them, and beside the deletion of half of the fleet.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from bench import http_load
from bench.reporting import REPORT, statuses
from bench.servers import Ours, serving_fleet
from bench.size import DEVICES
from bench.table import Row
from signfleet.app.wiring import build
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.token_issue import Lifetimes, open_session
from signfleet.simulator.fleet import fleet
from signfleet.web.caller.scopes import DEVICE_SCOPE
from tests.api import MAIN

REPORTS_PER_SECOND: Final = 50_000 / 60
CONNECTIONS, STORM_CONNECTIONS = 200, 64
#: Seconds: of the quiet server, of the fleet's reports, of each of the other works, and before these are measured.
QUIET, SECONDS, OTHER, AROUND = 8.0, 30.0, 6.0, 1.0
#: Seconds that the players may take to report once before anything is measured.
PATIENCE: Final = 120
#: Seconds between two requests of the operator, and between two looks of the load for what is due.
PAUSE, TICK = 0.01, 0.01
#: The different statuses that the reports have come from so many players.
PROFILES: Final = 16
#: An hour, in ms: how long the tokens of the players last.
LIFETIME: Final = 3_600_000
#: The goals: per cent of a core, times the wait for a quiet server, and MB.
CORE, BESIDE_FLEET, BESIDE_OTHERS, MEMORY = 30, 3, 2, 350
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


class _Sent(NamedTuple):
    """How many reports were due, and how many of them the server has answered."""

    due: int
    done: int


def measure() -> Iterator[Row]:
    with serving_fleet(DEVICES, "--max-connections-per-address", "1000") as ours:
        devices = list(ours.api.devices())
        tokens = asyncio.run(_tokens(ours, [device["id"] for device in devices]))
        look_up = http_load.request("GET", f"{MAIN}/Devices/{devices[0]['serial']}/", ours.headers)

        def operator(seconds: float) -> float:
            return asyncio.run(http_load.p99(ours.port, look_up, seconds, PAUSE))

        with _beside(_once, ours.port, tokens, PATIENCE):
            pass
        quiet = operator(QUIET)
        with _beside(_paced, ours.port, tokens, SECONDS) as sent:
            began, spent = time.monotonic(), ours.server.cpu_seconds()
            waited = operator(SECONDS - 2 * AROUND)
            share = 100 * (ours.server.cpu_seconds() - spent) / (time.monotonic() - began)
        reports = sent()
        yield Row("50,000 players: the server", "% of a core", share, CORE, share / CORE, at_most=1)
        done = reports.done / reports.due
        yield Row("50,000 players: reports done in time", "%", 100 * done, 100, done, at_least=0.99)
        yield Row("get-one beside 50,000 players", "ms", waited, quiet, waited / quiet, at_most=BESIDE_FLEET)
        memory = _megabytes(ours.server.process)
        yield Row("memory after them", "MB", memory, MEMORY, memory / MEMORY, at_most=1)
        with _beside(_storm, ours.port, tokens, OTHER):
            waited = operator(OTHER - 2 * AROUND)
        yield Row("get-one beside a storm of reports", "ms", waited, quiet, waited / quiet, at_most=BESIDE_OTHERS)
        waited = _beside_deletion(ours, devices[len(devices) // 2]["id"], operator)
        yield Row("get-one beside a mass deletion", "ms", waited, quiet, waited / quiet, at_most=BESIDE_OTHERS)


async def _tokens(ours: Ours, devices: Sequence[int]) -> list[str]:
    """Opens a session for each device in the store of the server; returns their access tokens."""
    services = await build(Settings(data=str(ours.data)))
    now, network_id = time.time_ns() // 1_000_000, ours.api.network.network_id
    try:

        async def add(tx: Transaction) -> list[str]:
            return [
                (
                    await open_session(
                        tx,
                        scope=DEVICE_SCOPE,
                        lifetimes=Lifetimes(LIFETIME),
                        now=now,
                        network_id=network_id,
                        device_id=device,
                    )
                ).access_token
                for device in devices
            ]

        return await services.store.write(add)
    finally:
        await services.close()


def _reports(tokens: Sequence[str]) -> Iterator[bytes]:
    """Yields the next report of each player in turns; each has a profile of its own and numbers that rise with time."""
    profiles = [[json.dumps(status).encode() for status in statuses(profile)] for profile in fleet(PROFILES)]
    for turn in itertools.count():
        for token, states in zip(tokens, itertools.cycle(profiles), strict=False):
            state = states[turn % len(states)]
            body = b'{"sequence":%d,"status":%b}' % (time.time_ns() // 1_000_000, state)
            yield http_load.request("POST", REPORT, _HEADERS | {"Authorization": f"Bearer {token}"}, body)


class _Waiting(http_load.Connection):
    """A connection that sends what it is given, one request after the other."""

    def __init__(self) -> None:
        self._requests: deque[bytes] = deque()
        self._is_idle = True
        super().__init__(self._requests.popleft)

    def add(self, request: bytes) -> None:
        self._requests.append(request)
        if self._is_idle:
            self._send()

    def end(self) -> None:
        self.stopping = True
        self.transport.close()

    def _send(self) -> None:
        self._is_idle = not self._requests
        if self._requests:
            super()._send()


@asynccontextmanager
async def _clients(port: int, count: int) -> AsyncIterator[list[_Waiting]]:
    """Opens connections; closes them at the end, whatever they wait for."""
    loop = asyncio.get_running_loop()
    clients = [(await loop.create_connection(_Waiting, http_load.HOST, port))[1] for _ in range(count)]
    yield clients
    for client in clients:
        client.end()
    await asyncio.gather(*(client.closed for client in clients))


def _once(port: int, tokens: Sequence[str], seconds: float) -> _Sent:
    """Sends one report of each player, as fast as the server answers, in `seconds` at most."""

    async def send() -> _Sent:
        async with _clients(port, STORM_CONNECTIONS) as clients:
            turns, done = itertools.cycle(clients), 0
            for report in itertools.islice(_reports(tokens), len(tokens)):
                next(turns).add(report)
            for _ in range(int(seconds / TICK)):
                if (done := sum(client.answers for client in clients)) == len(tokens):
                    break
                await asyncio.sleep(TICK)
            return _Sent(len(tokens), done)

    return asyncio.run(send())


def _paced(port: int, tokens: Sequence[str], seconds: float) -> _Sent:
    """Sends the reports of the fleet at their times."""

    async def send() -> _Sent:
        async with _clients(port, CONNECTIONS) as clients:
            turns, reports, began, due = itertools.cycle(clients), _reports(tokens), time.monotonic(), 0
            while (elapsed := time.monotonic() - began) < seconds:
                while due < elapsed * REPORTS_PER_SECOND:
                    next(turns).add(next(reports))
                    due += 1
                await asyncio.sleep(TICK)
            return _Sent(due, sum(client.answers for client in clients))

    return asyncio.run(send())


def _storm(port: int, tokens: Sequence[str], seconds: float) -> _Sent:
    """Sends reports as fast as the server answers them."""
    reports = _reports(tokens)
    done = asyncio.run(http_load.load(port, [reports.__next__], STORM_CONNECTIONS, seconds))
    return _Sent(done.total, done.total)


@contextmanager
def _beside(
    work: Callable[[int, Sequence[str], float], _Sent], port: int, tokens: Sequence[str], seconds: float
) -> Iterator[Callable[[], _Sent]]:
    """Runs some work in a process of its own during the block; yields what waits for its result."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as processes:
        future = processes.submit(work, port, tokens, seconds)
        time.sleep(AROUND)
        yield future.result
        future.result()


def _beside_deletion(ours: Ours, after: int, operator: Callable[[float], float]) -> float:
    """Deletes the devices after an id; returns how long the operator waits meanwhile."""

    def delete() -> None:
        with httpx.Client(base_url=ours.api.address, headers=ours.headers, timeout=60) as http:
            http.delete(f"{MAIN}/Devices/", params={"filter": f"[Id] IS GREATER THAN {after}"}).raise_for_status()

    deletion = threading.Thread(target=delete)
    deletion.start()
    waited = operator(OTHER - 2 * AROUND)
    deletion.join()
    return waited


def _megabytes(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
