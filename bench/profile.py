"""Profiles the hot paths inside one process: `python -m bench.profile [get list filter patch report]`.

For each path it prints the functions of the event loop that take the most time themselves, and writes a flame graph to
`bench/profiles/PATH.svg`: a bar for each function, as wide as its share of the CPU time, above the function that calls
it; the threads of the store stand beside the event loop.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import pstats
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from bench.fleet import multiply
from bench.measure_requests import MATCHING, OPENID
from bench.reporting import REPORT, statuses
from signfleet.app.bootstrap import Tenant, bootstrap
from signfleet.app.wiring import build, make_app
from signfleet.foundation import logs
from signfleet.foundation.settings import Settings
from signfleet.simulator.fleet import fleet, invent
from tests.api import MAIN
from tests.direct import DirectClient

FOLDER = Path(__file__).with_name("profiles")
DEVICES = 10_000
#: Enough that none of them sends too many reports.
PLAYERS = 100
SECONDS = 3.0
SAMPLE = 0.001
LINES = 18
#: Of the graph, in pixels.
WIDTH, BAR = 1200, 17

Stack = tuple[str, ...]
Ask = Callable[[], Awaitable[Any]]


class Paths:
    """A network with a fleet, and the requests that are profiled."""

    def __init__(self, client: DirectClient) -> None:
        self._client = client
        self._states = statuses(invent(1, 1))
        self._token = ""
        self._serial = ""
        self._players: list[str] = []
        self._number = 0

    async def prepare(self, tenant: Tenant) -> None:
        """Signs in, chooses the network, and lets players join."""
        credentials = {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
        form = urlencode({"grant_type": "client_credentials", **credentials})
        self._token = (await self._ask("POST", OPENID, "", form=form))["access_token"]
        await self._ask("PUT", f"{MAIN}/Self/Session/Network/", self._token, {"name": tenant.network})
        setup_token = (await self._ask("POST", f"{MAIN}/Provisioning/Setups/Tokens/", self._token))["token"]
        for profile in fleet(PLAYERS):
            answer = await self._ask("POST", "/player/v1/register", setup_token, profile.registration())
            self._players.append(answer["access_token"])
            self._serial = profile.serial

    async def _ask(self, method: str, target: str, token: str, body: Any = None, form: str = "") -> Any:
        status, answer = await self._client.ask(method, target, token, body, form)
        assert status < 300, answer
        return json.loads(answer or b"null")

    async def _run(self, method: str, target: str, token: str, body: Any = None) -> None:
        status, answer = await self._client.ask(method, target, token, body)
        assert status < 300, answer

    def get(self) -> Awaitable[None]:
        return self._run("GET", f"{MAIN}/Devices/{self._serial}/", self._token)

    def list(self) -> Awaitable[None]:
        return self._run("GET", f"{MAIN}/Devices/?pageSize=100", self._token)

    def filter(self) -> Awaitable[None]:
        return self._run("GET", f"{MAIN}/Devices/?pageSize=100&{MATCHING}", self._token)

    def patch(self) -> Awaitable[None]:
        self._number += 1
        change = [{"op": "replace", "path": "/settings/description", "value": f"Number {self._number}"}]
        return self._run("PATCH", f"{MAIN}/Devices/{self._serial}/", self._token, change)

    def report(self) -> Awaitable[None]:
        self._number += 1
        status = self._states[self._number // PLAYERS % len(self._states)]
        player = self._players[self._number % PLAYERS]
        return self._run("POST", REPORT, player, {"sequence": self._number, "status": status})


async def profile(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        logs.configure()  # as a server logs
        settings = Settings(data=folder)
        services = await build(settings)
        try:
            now = time.time_ns() // 1_000_000
            tenant = await bootstrap(services.store, services.people, network="N", login="a@example.com", now=now)
            paths = Paths(DirectClient(make_app(services)))
            await paths.prepare(tenant)
            await multiply(services.store, settings.database_url, tenant.network_id, DEVICES)
            for name in names:
                await _profile(name, getattr(paths, name))
        finally:
            await services.close()


async def _profile(name: str, ask: Ask) -> None:
    for _ in range(20):
        await ask()
    profiler = cProfile.Profile()
    profiler.enable()
    await _repeat(ask, SECONDS / 3)
    profiler.disable()
    print(f"\n=== {name}: functions by their own time", flush=True)
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(LINES)
    stacks = await _sampled(ask)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.svg"
    path.write_text(flame_graph(stacks), encoding="utf-8")
    print(f"{path.relative_to(FOLDER.parent.parent)}: {sum(stacks.values())} samples", flush=True)


async def _repeat(ask: Ask, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await ask()


async def _sampled(ask: Ask) -> Counter[Stack]:
    """Counts the stacks of all busy threads, once each millisecond of CPU time."""
    stacks: Counter[Stack] = Counter()

    def sample(_signal: int, _frame: FrameType | None) -> None:
        for frame in sys._current_frames().values():
            stack = _stack(frame)
            if stack[-1] not in IDLE:
                stacks[stack] += 1

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE, SAMPLE)
    try:
        await _repeat(ask, SECONDS)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return stacks


#: Where threads wait for work.
IDLE = ("threading.py wait", "queue.py get", "thread.py _worker", "selectors.py select")


def _stack(frame: FrameType | None) -> Stack:
    names: list[str] = []
    while frame is not None:
        code = frame.f_code
        if code.co_name != "sample":
            names.append(f"{Path(code.co_filename).name} {code.co_name}")
        frame = frame.f_back
    return tuple(reversed(names)) or ("?",)


def flame_graph(stacks: Counter[Stack]) -> str:
    """Draws stacks as SVG, the callers at the bottom."""
    whole, height = max(1, sum(stacks.values())), BAR * (1 + max(map(len, stacks), default=1))
    bars: list[str] = []

    def draw(part: Counter[Stack], depth: int, left: float) -> None:
        by_name: dict[str, Counter[Stack]] = {}
        for stack, count in part.items():
            if len(stack) > depth:
                by_name.setdefault(stack[depth], Counter())[stack] = count
        for name, inner in sorted(by_name.items()):
            count = sum(inner.values())
            width = WIDTH * count / whole
            if width >= 1:
                bars.append(_bar(name, 100 * count / whole, (left, height - BAR * (depth + 1), width)))
                draw(inner, depth + 1, left)
            left += width

    draw(stacks, 0, 0.0)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif">'
    return "\n".join([head, *bars, "</svg>\n"])


def _bar(name: str, share: float, place: tuple[float, float, float]) -> str:
    left, top, width = place
    hue = sum(name.encode()) % 50 + 10
    text = escape(name[: int(width / 6.5)]) if width > 30 else ""
    return (
        f'<g><title>{escape(name)}: {share:.1f} %</title><rect x="{left:.1f}" y="{top}" width="{width:.1f}"'
        f' height="{BAR - 1}" fill="hsl({hue},80%,70%)"/>'
        f'<text x="{left + 2:.1f}" y="{top + 12}" font-size="11">{text}</text></g>'
    )


if __name__ == "__main__":
    asyncio.run(profile(sys.argv[1:] or ["get", "list", "filter", "patch", "report"]))
