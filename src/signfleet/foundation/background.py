"""Recurring work beside requests, such as mail and housekeeping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from signfleet.foundation import clock

#: After so many seconds `stop` cancels again what still runs: before Python 3.12 `wait_for` may lose a cancellation.
LOST_AFTER = 5

log = structlog.get_logger("background")


@dataclass(frozen=True, slots=True)
class Job:
    """`work` runs when the server starts, then every `seconds`, and soon after `wake` is set."""

    name: str
    work: Callable[[], Awaitable[None]]
    seconds: float
    wake: asyncio.Event = field(default_factory=asyncio.Event)


def by_the_clock(work: Callable[[int], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """Returns the work of a job that calls `work` with the current time, in ms since 1970."""

    async def at_this_moment() -> None:
        await work(clock.now())

    return at_this_moment


class Background:
    """Runs jobs until `stop`. A job that fails is logged, and runs again at its next time."""

    def __init__(self, *jobs: Job) -> None:
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(_repeat(job), name=job.name) for job in self._jobs]

    async def run_all(self) -> None:
        """Runs every job once, one after the other, in the given order."""
        for job in self._jobs:
            await _run(job)

    async def stop(self) -> None:
        """Cancels the jobs and waits until none runs."""
        running = set(self._tasks)
        while running:
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=LOST_AFTER)
        self._tasks = []


async def _repeat(job: Job) -> None:
    while True:
        job.wake.clear()
        await _run(job)
        with suppress(TimeoutError):
            async with asyncio.timeout(job.seconds):
                await job.wake.wait()


async def _run(job: Job) -> None:
    try:
        await job.work()
    except Exception:
        log.exception("a background job failed", job=job.name)
