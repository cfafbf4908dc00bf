"""Commands to players that listen, from the request to the player's hands

Players listen to their event streams; an operator sends a command to one after the other. The time runs from the start
of the request until the command has arrived at the player. The reference is the time until the operator has the answer
to the same request: the command is on the disk by then.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator

import httpx

from bench.servers import Ours, serving_fleet
from bench.size import SMALL
from bench.table import Row
from signfleet.simulator.fleet import fleet
from signfleet.simulator.listening import messages

PLAYERS, COMMANDS = 200, 100
#: Requests at a time while the players register.
AT_ONCE = 16
#: Their serials differ from those of other benchmarks.
FIRST = 200_000


def measure() -> Iterator[Row]:
    with serving_fleet(SMALL) as ours:
        arrivals, answers = asyncio.run(_measure(ours))
    for name, part in (("p50", 50), ("p99", 99)):
        arrival, answer = (statistics.quantiles(times, n=100)[part - 1] for times in (arrivals, answers))
        yield Row(f"command to one of {PLAYERS} players, {name}", "ms", 1000 * arrival, 1000 * answer, arrival / answer)


async def _measure(ours: Ours) -> tuple[list[float], list[float]]:
    """Returns, for each command, the seconds until it arrives and until it is answered."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=ours.api.address, timeout=60, limits=limits) as http:
        tokens = await _register(http, ours.api.setup_token())
        arrived: dict[int, asyncio.Future[float]] = {}
        ready = asyncio.Semaphore(0)
        listeners = [asyncio.create_task(_listen(http, token, arrived, ready)) for token in tokens.values()]
        for _ in listeners:
            await ready.acquire()
        arrivals, answers = [], []
        for number in range(COMMANDS):
            serial = list(tokens)[number * 7 % PLAYERS]
            begin = time.perf_counter()
            answer = await http.post(
                "/admin/v1/commands/", json={"device": serial, "name": "identify"}, headers=ours.headers
            )
            answers.append(time.perf_counter() - begin)
            id_ = answer.raise_for_status().json()["id"]
            arrivals.append(await arrived.setdefault(id_, asyncio.Future()) - begin)
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
    return arrivals, answers


async def _register(http: httpx.AsyncClient, setup_token: str) -> dict[str, str]:
    """Registers the players; returns their access tokens by serial."""
    turns = asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": f"Bearer {setup_token}"}
    tokens: dict[str, str] = {}

    async def register(body: dict[str, object]) -> None:
        async with turns:
            answer = await http.post("/player/v1/register", json=body, headers=headers)
        tokens[str(body["serial"])] = answer.raise_for_status().json()["access_token"]

    await asyncio.gather(*(register(profile.registration()) for profile in fleet(PLAYERS, first=FIRST)))
    return tokens


async def _listen(
    http: httpx.AsyncClient, token: str, arrived: dict[int, asyncio.Future[float]], ready: asyncio.Semaphore
) -> None:
    """Notes when each command arrives."""
    headers = {"Authorization": f"Bearer {token}"}
    async with http.stream("GET", "/player/v1/events", headers=headers) as answer:
        async for kind, data in messages(answer.aiter_lines()):
            if kind == "settings":  # the stream begins with it
                ready.release()
            elif kind == "command":
                arrived.setdefault(data["id"], asyncio.Future()).set_result(time.perf_counter())
