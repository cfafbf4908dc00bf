"""The clock of the machine jumps, back and forth, while people and players are at work."""

from __future__ import annotations

import asyncio
import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from signfleet.foundation.settings import Settings
from signfleet.foundation.wire import timespan
from tests.running import bootstrapped
from tests.torture.figures import Figures
from tests.torture.forked import forked_server
from tests.torture.ledger import Ledger
from tests.torture.writers import WRITERS, Operator, Writer, stored_facts, write_until

#: ms; each is from where the last one has led.
STEPS = (timespan.MINUTE, -2 * timespan.MINUTE, timespan.HOUR, -2 * timespan.HOUR, timespan.DAY, -2 * timespan.DAY)


class SteppedClock:
    """A clock that a forked server reads and this process sets: `time.time_ns` and `time.time` plus an offset."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)
        self._real_ns: Callable[[], int] = time.time_ns

    def set(self, ms: int) -> None:
        struct.pack_into("q", self._shared, 0, ms)

    def now_ns(self) -> int:
        return self._real_ns() + int(struct.unpack_from("q", self._shared)[0]) * 1_000_000

    def install(self) -> None:
        """Replaces the clock of this process."""
        time.time_ns = self.now_ns
        time.time = lambda: self.now_ns() / 1e9


def clock_steps(folder: Path, rounds: int) -> Figures:
    """Steps the server's clock while old and new clients work."""
    database = f"sqlite:///{folder / 'signfleet.db'}"
    settings = Settings(data=str(folder), database=database, port=0, access_log=False)
    network = bootstrapped(folder, database)
    clock, ledger, random = SteppedClock(), Ledger(), Random(22)
    everybody: list[Writer] = []
    offset = 0
    with forked_server(settings, folder / "server.log", prepare=clock.install) as server:
        for step in STEPS * rounds:
            offset += step
            clock.set(offset)
            # Earlier tokens may have expired: all clients sign in again.
            writers = [Writer(len(everybody) + number, ledger, random) for number in range(WRITERS)]
            everybody += writers
            operator = Operator(network)

            async def a_while(writers: list[Writer] = writers) -> None:
                await asyncio.gather(*(writer.joined.wait() for writer in writers))
                await asyncio.sleep(0.3)

            asyncio.run(write_until(server.address, writers, operator, a_while))
        code, _ = server.stop()
    ledger.check(asyncio.run(stored_facts(database, folder / "blobs")))
    figures = Figures("clock steps")
    figures.add("steps of a minute to two days", len(STEPS) * rounds)
    figures.add("acknowledged writes", ledger.acknowledged)
    figures.add("lost or doubled", len(ledger.violations), wanted=0)
    refused = {status for writer in everybody for status in writer.statuses if status >= 400}
    figures.add("refused with", ", ".join(map(str, sorted(refused))) or "nothing", wanted="nothing")
    figures.add("exit code", code, wanted=0)
    figures.notes += ledger.violations[:10]
    return figures
