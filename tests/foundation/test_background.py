"""Work that recurs beside requests."""

from __future__ import annotations

import asyncio
import time

import pytest

from signfleet.foundation import background as jobs
from signfleet.foundation.background import Background, Job, by_the_clock
from tests.running import PATIENCE


async def test_a_job_runs_at_the_start_and_when_it_is_woken() -> None:
    done = asyncio.Queue[int]()
    count = 0

    async def work() -> None:
        nonlocal count
        count += 1
        done.put_nowait(count)

    job = Job("test", work, 3600)
    background = Background(job)
    background.start()
    assert await done.get() == 1
    job.wake.set()
    assert await done.get() == 2
    await background.stop()
    job.wake.set()
    await asyncio.sleep(0)
    assert done.empty()


async def test_a_failed_job_runs_again() -> None:
    attempts = asyncio.Queue[None]()

    async def work() -> None:
        attempts.put_nowait(None)
        raise RuntimeError

    background = Background(Job("test", work, 0))
    background.start()
    for _ in range(3):
        await attempts.get()
    await background.stop()


async def test_work_by_the_clock_gets_the_current_time() -> None:
    told: list[int] = []

    async def work(now: int) -> None:
        told.append(now)

    before = time.time() * 1000
    await by_the_clock(work)()
    assert before - 1 <= told[0] <= time.time() * 1000


async def test_a_job_that_loses_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOST_AFTER", 0.01)
    lost = 0

    async def lose_one() -> None:
        nonlocal lost
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if lost:
                raise
            lost += 1

    background = Background(Job("loses one", lose_one, 60))
    background.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await background.stop()
    assert lost == 1
