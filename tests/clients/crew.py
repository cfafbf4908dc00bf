"""Simulated players that listen, in a thread of the test process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from signfleet.simulator.faults import Fault
from signfleet.simulator.fleet import fleet
from signfleet.simulator.player import Tally
from signfleet.simulator.run import simulate

SEED, FIRST, PLAYERS = 91, 100, 24
#: The serial numbers of players with a screen, a cable and a working card.
SERIALS = [
    profile.serial
    for profile in fleet(PLAYERS, SEED, FIRST)
    if profile.condition == "healthy" and profile.link == "ethernet" and not profile.model.startswith("AU")
]


@contextmanager
def running_crew(
    address: str, setup_token: str, boot_seconds: float = 3600, faults: Collection[Fault] = ()
) -> Iterator[None]:
    """Runs the players until the block ends; a restart takes `boot_seconds`, and all misbehave by `faults`."""
    tally = Tally()
    loop = asyncio.new_event_loop()

    async def work() -> None:
        with suppress(asyncio.CancelledError):
            await simulate(
                address,
                setup_token,
                PLAYERS,
                seed=SEED,
                first=FIRST,
                tally=tally,
                listens=True,
                period=600,
                boot_seconds=boot_seconds,
                faults=faults,
            )

    task = loop.create_task(work())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,), name="crew")
    thread.start()
    try:
        while tally.reports < PLAYERS:
            time.sleep(0.05)
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()
