"""Event streams: the memory and CPU of idle ones, and what an event costs that goes to all of them.

The streams are those of one administrator, without a filter, over plain connections from this machine. Idle means that
nothing happens but heart-beats and the checks of tokens; the server's own work without streams is subtracted. An event
is a player that registers. It has arrived when the last stream has it.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx

from bench import http_load
from bench.servers import Ours, serving
from bench.table import Row
from tests.running import bootstrapped

STREAMS = 5_000
#: Seconds over which the CPU time of idle streams is measured; a heart-beat comes every 25.
IDLE_SECONDS = 27
#: The same without streams.
QUIET_SECONDS = 6
EVENTS = 7
#: Streams that are opened at a time.
AT_ONCE = 100
#: The goals: KiB of memory per stream, per cent of a core for all idle streams, and for an event to all of them
#: microseconds of CPU time per stream and milliseconds until the last one has it.
KIB, PER_CENT, MICROSECONDS, MILLISECONDS = 40.0, 5.0, 60.0, 1_000.0
SERIAL = "EVT{number:09}"
MARK = b"event: DeviceRegistered\n"


class _Reader(asyncio.Protocol):
    """Counts the events of one stream."""

    def __init__(self, request: bytes, counter: _Counter) -> None:
        self._request = request
        self._counter = counter
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            assert data.startswith(b"HTTP/1.1 200"), data[:200]
            self._is_open = True
            self._counter.add_open()
        self._counter.add_events(data.count(MARK))


class _Counter:
    """Counts open streams and the events that all of them got."""

    def __init__(self) -> None:
        self.open = self.events = 0
        self.changed = asyncio.Event()

    def add_open(self) -> None:
        self.open += 1
        self.changed.set()

    def add_events(self, count: int) -> None:
        if count:
            self.events += count
            self.changed.set()

    async def until(self, *, is_open: int = 0, events: int = 0) -> None:
        async with asyncio.timeout(120):
            while self.open < is_open or self.events < events:
                self.changed.clear()
                await self.changed.wait()


def measure() -> Iterator[Row]:
    """Yields the rows of the table."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, STREAMS + 1_000)), hard))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        with serving(data, bootstrapped(data), "--max-connections-per-address", "100000") as ours:
            yield from asyncio.run(_measure(ours))


async def _measure(ours: Ours) -> list[Row]:
    quiet = await _cpu_over(ours, QUIET_SECONDS) / QUIET_SECONDS
    memory = _resident_kib(ours.server.process)
    counter = _Counter()
    headers = ours.headers | {"Accept": "text/event-stream"}
    request = http_load.request("GET", "/admin/v1/events/", headers)
    loop = asyncio.get_running_loop()
    transports = []
    for first in range(0, STREAMS, AT_ONCE):
        for _ in range(min(AT_ONCE, STREAMS - first)):
            transport, _ = await loop.create_connection(lambda: _Reader(request, counter), "127.0.0.1", ours.port)
            transports.append(transport)
        await counter.until(is_open=len(transports))
    await asyncio.sleep(1)
    each = (_resident_kib(ours.server.process) - memory) / STREAMS
    busy = await _cpu_over(ours, IDLE_SECONDS) / IDLE_SECONDS
    costs, delays = await _events(ours, counter)
    for transport in transports:
        transport.close()
    idle = max(0.0, busy - quiet) * 100
    cost, delay = median(costs) / STREAMS * 1e6, median(delays) * 1e3
    return [
        Row(f"{STREAMS} idle streams: memory of each", "KiB", each, KIB, each / KIB, at_most=1.0),
        Row(f"{STREAMS} idle streams: CPU of all", "% of a core", idle, PER_CENT, idle / PER_CENT, at_most=1.0),
        Row(f"an event to {STREAMS} streams: CPU for each", "µs", cost, MICROSECONDS, cost / MICROSECONDS, at_most=1.0),
        Row(
            f"an event to {STREAMS} streams: the last has it",
            "ms",
            delay,
            MILLISECONDS,
            delay / MILLISECONDS,
            at_most=1.0,
        ),
    ]


async def _events(ours: Ours, counter: _Counter) -> tuple[list[float], list[float]]:
    """Returns the CPU seconds of each event, and the seconds until the last stream has it."""
    headers = {"Authorization": f"Bearer {ours.api.setup_token()}"}
    costs, delays = [], []
    async with httpx.AsyncClient(base_url=ours.api.address, headers=headers, timeout=60) as http:
        for number in range(EVENTS):
            body = {"serial": SERIAL.format(number=number), "model": "XT1144", "firmware": "9.0.100"}
            before, started = ours.server.cpu_seconds(), time.perf_counter()
            (await http.post("/player/v1/register", json=body)).raise_for_status()
            await counter.until(events=(number + 1) * STREAMS)
            delays.append(time.perf_counter() - started)
            await asyncio.sleep(0.2)
            costs.append(ours.server.cpu_seconds() - before)
    return costs, delays


async def _cpu_over(ours: Ours, seconds: float) -> float:
    before = ours.server.cpu_seconds()
    await asyncio.sleep(seconds)
    return ours.server.cpu_seconds() - before


def _resident_kib(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
