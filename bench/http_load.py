"""A small HTTP/1.1 load generator: keep-alive connections on the loopback that each send one request again and again.

It does little work for each answer, so that on two cores the figures are those of the server.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """One answer as it came over the wire."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])


def request(method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Returns the bytes of a request, to send any number of times."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + HEAD_END + body


#: What one connection sends: requests that it repeats in turns, or a function that makes the next one.
Script = Sequence[bytes] | Callable[[], bytes]


def body_length(head: bytes) -> int:
    """Returns the Content-Length of an answer; 0 for a 204, which has none."""
    if head[9:12] == b"204":
        return 0
    lowered = head.lower()
    start = lowered.index(b"content-length:") + len(b"content-length:")
    end = lowered.find(b"\r\n", start)
    return int(lowered[start : end if end >= 0 else None])


class Connection(asyncio.Protocol):
    """Sends the requests of its script in turns and waits for each whole answer, until it is stopping.

    It stops only at the end of its script, so that a script can undo its changes.
    """

    def __init__(self, script: Script) -> None:
        self._next = script if callable(script) else itertools.cycle(script).__next__
        self._length = 1 if callable(script) else len(script)
        self.answers = 0
        self.stopping = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = b""
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from asyncio's
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(HEAD_END)
            if end < 0:
                return
            if self._head[9:10] != b"2":
                self._fail(f"the server answered {self._head[:end].decode()}")
                return
            self._missing = body_length(self._head[:end]) - (len(self._head) - end - len(HEAD_END))
            self._head = b""
        if self._missing:
            return
        self.answers += 1
        if self.stopping and self.answers % self._length == 0:
            self.transport.close()
        else:
            self._send()

    def _send(self) -> None:
        self.transport.write(self._next())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.stopping:
            self._fail("the server closed a connection")
        elif not self.closed.done():
            self.closed.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_exception(ConnectionError(reason))
        self.transport.close()


@dataclass(frozen=True)
class Load:
    """Answers while every connection was open, the seconds of that, and the answers from first to last."""

    answers: int
    seconds: float
    total: int


async def rate(port: int, payload: bytes | Sequence[Script], connections: int, seconds: float) -> float:
    """Returns answers a second of `connections` connections over `seconds` seconds; each takes the next script."""
    done = await load(port, payload, connections, seconds)
    return done.answers / done.seconds


async def load(port: int, payload: bytes | Sequence[Script], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    scripts = itertools.cycle([[payload]] if isinstance(payload, bytes) else payload)
    clients = [
        (await loop.create_connection(lambda: Connection(next(scripts)), HOST, port))[1] for _ in range(connections)
    ]
    already = sum(client.answers for client in clients)
    started = loop.time()
    closed, answers = [client.closed for client in clients], 0
    while not answers and loop.time() < started + 30:  # at least one answer, however slow the machine
        done, _ = await asyncio.wait(closed, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        answers = sum(client.answers for client in clients) - already
        if done:
            break
    elapsed = loop.time() - started
    for client in clients:
        client.stopping = True
    await asyncio.wait_for(asyncio.gather(*(client.closed for client in clients)), timeout=30)
    return Load(answers, elapsed, sum(client.answers for client in clients))


async def ask(port: int, payload: bytes) -> Answer:
    """Sends one request and returns its answer."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=2**24)
    writer.write(payload)
    head = (await reader.readuntil(HEAD_END)).removesuffix(HEAD_END)
    answer = Answer(head, await reader.readexactly(body_length(head)))
    writer.close()
    await writer.wait_closed()
    return answer


async def p99_beside(
    port: int, read: bytes, other: bytes, connections: int, *, rounds: int, seconds: float, around: float
) -> tuple[float, float]:
    """Returns the 99th percentile of a read's time in ms, beside `connections` that send `other` and alone.

    They begin `around` seconds before the read is measured, and end so much later.
    """
    pairs = []
    for _ in range(rounds):
        quiet = await p99(port, read, seconds)
        others = asyncio.create_task(rate(port, other, connections, seconds + 2 * around))
        await asyncio.sleep(around)
        pairs.append((await p99(port, read, seconds), quiet))
        await others
    busy, alone = zip(*pairs, strict=True)
    return statistics.median(busy), statistics.median(alone)


async def p99(port: int, payload: bytes, seconds: float, pause: float = 0.001) -> float:
    """Returns the 99th percentile of the answer time in ms, for one connection with pauses (seconds): two at least."""
    reader, writer = await asyncio.open_connection(HOST, port)
    times = []
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end or len(times) < 2:
        writer.write(payload)
        head = (await reader.readuntil(HEAD_END)).removesuffix(HEAD_END)
        await reader.readexactly(body_length(head))
        times.append(time.perf_counter() - started)
        await asyncio.sleep(pause)
    writer.close()
    await writer.wait_closed()
    return statistics.quantiles(times, n=100)[98] * 1000


@dataclass(frozen=True)
class Server:
    """A server to load, and the process whose CPU time counts."""

    port: int
    process: int

    def cpu_seconds(self) -> float:
        """Returns the CPU time of the process and its children; where the system does not say, the clock's time."""
        try:
            return sum(map(_cpu_seconds, with_children(self.process)))
        except OSError:
            return time.perf_counter()


def _cpu_seconds(process: int) -> float:
    """Returns the CPU time of all threads of a process: Linux makes a clock's number of the process's."""
    return time.clock_gettime(~process << 3 | 2)


def with_children(process: int) -> list[int]:
    """Returns a process and its children, where the system lists them."""
    with suppress(OSError):
        listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
        return [process, *map(int, listed.split())]
    return [process]


@dataclass(frozen=True)
class Comparison:
    """Median answers per second of CPU time of both servers, and the median of the ratios of the rounds."""

    ours: float
    bare: float
    ratio: float


async def compare(
    ours: Server,
    bare: Server,
    payload: bytes | Sequence[Script],
    *,
    reference: bytes | Sequence[Script] | None = None,
    connections: int = 16,
    rounds: int = 7,
    seconds: float = 0.6,
) -> Comparison:
    """Loads both servers in turns, so that other work of the machine affects both.

    The second server gets `reference` if that is given.
    """
    pairs: list[Sequence[float]] = []
    loads = ((ours, payload), (bare, payload if reference is None else reference))
    for _ in range(rounds + 1):
        pairs.append([await _cpu_rate(server, sent, connections, seconds) for server, sent in loads])
    pairs = pairs[1:]  # the first round only warms both up
    mine, others = (statistics.median(values) for values in zip(*pairs, strict=True))
    return Comparison(mine, others, statistics.median(one / other for one, other in pairs))


async def _cpu_rate(server: Server, payload: bytes | Sequence[Script], connections: int, seconds: float) -> float:
    """Returns answers per second of CPU time."""
    before = server.cpu_seconds()
    done = await load(server.port, payload, connections, seconds)
    return done.total / (server.cpu_seconds() - before)


def use_core(process: int, core: int) -> None:
    """Pins a process to one core if the system can, so that servers and load do not share it."""
    if hasattr(os, "sched_setaffinity"):
        available = sorted(os.sched_getaffinity(process))
        os.sched_setaffinity(process, {available[core % len(available)]})


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Pins this process, and those that it starts in the block, to one core."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    available = os.sched_getaffinity(0)
    use_core(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, available)
