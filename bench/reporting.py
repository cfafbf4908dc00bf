"""Players that report as fast as the server answers, over raw connections."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from bench import http_load
from signfleet.simulator import behaviour
from signfleet.simulator.fleet import Profile, fleet
from tests.api import Api

REPORT = "/player/v1/report"
#: Their serials differ from those of `Api.add_players`.
FIRST = 100_000
#: Requests at a time while they register.
AT_ONCE = 16
#: Different statuses of one player.
STATES = 4


def reporting_players(api: Api, count: int, first: int = FIRST) -> list[Callable[[], bytes]]:
    """Registers players, the one with the number `first` and later ones; returns what makes the next report of each."""
    return asyncio.run(_register(api, api.setup_token(), list(fleet(count, first=first))))


async def _register(api: Api, setup_token: str, profiles: list[Profile]) -> list[Callable[[], bytes]]:
    turns = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=api.address, timeout=60) as http:

        async def register(profile: Profile) -> Callable[[], bytes]:
            async with turns:
                headers = {"Authorization": f"Bearer {setup_token}"}
                answer = await http.post("/player/v1/register", json=profile.registration(), headers=headers)
            token = str(answer.raise_for_status().json()["access_token"])
            reports = _reports(profile, token)
            return lambda: next(reports)

        return list(await asyncio.gather(*map(register, profiles)))


def statuses(profile: Profile) -> list[dict[str, Any]]:
    """Returns statuses whose values differ as after some minutes: uptime, dates, free space."""
    started = time.time_ns() // 1_000_000
    moments = (started + 420_000 * turn for turn in range(STATES))
    return [behaviour.status(profile, started, now, None, None) for now in moments]


def _reports(profile: Profile, token: str) -> Iterator[bytes]:
    """Yields reports with rising numbers.

    Their statuses are written beforehand, so that to make one takes little time beside the bare app's answer.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"}
    states = [json.dumps(status).encode() for status in statuses(profile)]
    for number in itertools.count(1):
        body = b'{"sequence":%d,"status":%b}' % (number, states[number % STATES])
        yield http_load.request("POST", REPORT, headers, body)
