"""A thousand callers of Remote DWS at once, at players whose lines lose answers; some callers leave."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from pathlib import Path

import httpx

from signfleet.foundation.settings import Settings
from tests.api import Api
from tests.clients.crew import SERIALS, running_crew
from tests.running import bootstrapped
from tests.torture.figures import Figures
from tests.torture.forked import forked_server

CALLERS = 1000
#: The share of callers that give up, and the longest that they wait (s).
LEAVING, IMPATIENCE = 0.05, 0.2
#: All callers share a process, which may take long between connecting and sending; the server waits 10 s by default.
PATIENCE = 60
#: Seconds until every caller has an answer.
LIMIT = 240.0


def remote_calls(folder: Path, rounds: int) -> Figures:
    """Lets all callers ask at once, again after 429, until each has an answer or has left."""
    network = bootstrapped(folder)
    seen: Counter[str] = Counter()
    longest = 0.0
    settings = Settings(
        data=str(folder), port=0, access_log=False, max_connections_per_address=4096, head_timeout=PATIENCE
    )
    with (
        forked_server(settings, folder / "server.log") as server,
        Api(server.address, network) as api,
        running_crew(server.address, api.setup_token(), faults=("cut-answers",)),
    ):
        for number in range(rounds):
            before = time.monotonic()
            seen += asyncio.run(_ask_all(server.address, api.token, number))
            longest = max(longest, time.monotonic() - before)
        query = {"filter": "[State] IS 'queued'", "pageSize": "1"}
        left_over = api.http.get("/admin/v1/commands/", params=query).json()["matchingItemCount"]
    figures = Figures("remote calls")
    figures.add("callers", rounds * CALLERS)
    figures.add("answers", seen["answered"])
    figures.add("asked again after 429", seen["429"])
    figures.add("after 504", seen["504"])
    figures.add("after a time-out of the caller", seen["timeouts"])
    figures.add("connections lost", seen["lost"], wanted=0)
    figures.add("left", seen["left"])
    figures.add("answers of another player", seen["mixed"], wanted=0)
    figures.add("failures", seen["failed"], wanted=0)
    figures.add("without an answer", rounds * CALLERS - seen["answered"] - seen["left"], wanted=0)
    figures.add("requests left over", left_over, wanted=0)
    figures.add("seconds of a round", round(longest, 1), at_most=LIMIT)
    return figures


async def _ask_all(address: str, token: str, seed: int) -> Counter[str]:
    chance = random.Random(seed)
    seen: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, limits=limits) as http:
        tasks = []
        for _ in range(CALLERS):
            patience = chance.uniform(0, IMPATIENCE) if chance.random() < LEAVING else LIMIT
            tasks.append(_ask(http, chance.choice(SERIALS), patience, chance.random(), seen))
        await asyncio.gather(*tasks)
    return seen


async def _ask(http: httpx.AsyncClient, serial: str, patience: float, luck: float, seen: Counter[str]) -> None:
    """Asks as clients do: again after 429, 504 and a lost connection, less often each time."""
    params = {"destinationType": "player", "destinationName": serial}
    try:
        async with asyncio.timeout(patience):
            for attempt in itertools.count(1):
                try:
                    answer = await http.get("/rest/v1/info/", params=params)
                except httpx.TransportError as error:
                    seen["timeouts" if isinstance(error, httpx.TimeoutException) else "lost"] += 1
                    continue
                if answer.status_code not in (429, 504):
                    break
                seen["429" if answer.status_code == 429 else "504"] += 1
                await asyncio.sleep(attempt + luck)
    except TimeoutError:
        seen["left"] += patience < LIMIT
        return
    if answer.status_code != 200:
        seen["failed"] += 1
        return
    seen["answered"] += 1
    seen["mixed"] += answer.json()["data"]["result"]["serial"] != serial
