"""Runs a whole fleet of simulated players."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial

import httpx

from signfleet.simulator.darkness import Darkness, covers
from signfleet.simulator.faults import Fault, with_faults
from signfleet.simulator.fleet import DEFAULT_SEED, fleet
from signfleet.simulator.listening import listen
from signfleet.simulator.player import Player, Tally
from signfleet.simulator.secrets import Secrets

#: Seconds between two looks at the darkness.
DARK_LOOK = 0.5


def now_ms() -> int:
    """Returns the current time in ms since 1970."""
    return time.time_ns() // 1_000_000


async def simulate(
    url: str,
    setup_token: str | None,
    players: int,
    *,
    seed: int = DEFAULT_SEED,
    first: int = 0,
    period: float | None = None,
    rounds: int | None = None,
    concurrency: int = 32,
    clock: Callable[[], int] = now_ms,
    transport: httpx.AsyncBaseTransport | None = None,
    tally: Tally | None = None,
    secrets: Secrets | None = None,
    darkness: Darkness | None = None,
    listens: bool = False,
    boot_seconds: float | None = None,
    faults: Collection[Fault] = (),
    join_key: str | None = None,
) -> Tally:
    """Registers `players` players at `url` with `setup_token`; they report until cancelled, or `rounds` times each.

    They are the players of the fleet of `seed` from number `first`. `period` is the seconds between two reports of a
    player; by default the server decides. At most `concurrency` requests run at a time. Updates `tally` as they work,
    and returns it. `secrets` are those of earlier runs. Players are silent while `darkness` covers them. A player that
    `listens` obeys commands at once, by a connection more; the others obey when they report. A restart takes
    `boot_seconds`. All misbehave by `faults`. With `join_key` instead of a token they join by their records.
    """
    tally, secrets = tally or Tally(), secrets or Secrets()
    loop = asyncio.get_running_loop()
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30, transport=transport) as http:
        make = partial(
            Player, clock=clock, tally=tally, secrets=secrets, period=period, boot_seconds=boot_seconds, faults=faults
        )
        crew = [
            make(
                with_faults(profile, faults),
                http,
                setup_token,
                join_key=join_key,
                ledger=secrets.ledger(profile.serial),
            )
            for profile in fleet(players, seed, first)
        ]
        schedule = [(loop.time(), number) for number in range(players)]

        async def work() -> None:
            while schedule:
                due, number = heapq.heappop(schedule)
                await asyncio.sleep(due - loop.time())
                player = crew[number]
                wait = await player.step()
                if wait != math.inf and not player.has_done(rounds):
                    heapq.heappush(schedule, (loop.time() + wait, number))

        async with _listening(url, crew if listens else []), _in(darkness, crew), asyncio.TaskGroup() as workers:
            for _ in range(min(concurrency, players)):
                workers.create_task(work())
    return tally


@asynccontextmanager
async def _in(darkness: Darkness | None, crew: list[Player]) -> AsyncIterator[None]:
    """Lets players fall silent and come back with the darkness inside the block."""
    if darkness is None or not darkness.may_fall:
        yield
        return

    async def follow(darkness: Darkness) -> None:
        known = frozenset[str]()
        while True:
            places = darkness.places()
            if places != known:
                for player in crew:
                    player.be_dark(is_dark=covers(places, player.profile))
                known = places
            await asyncio.sleep(DARK_LOOK)

    following = asyncio.create_task(follow(darkness))
    try:
        yield
    finally:
        following.cancel()


@asynccontextmanager
async def _listening(url: str, crew: list[Player]) -> AsyncIterator[None]:
    """Lets players listen to their event streams inside the block."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=httpx.Timeout(30, read=90)) as http:
        listeners = [asyncio.create_task(listen(player, http)) for player in crew]
        try:
            yield
        finally:
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)
