"""A fair queue for long reads: each caller runs one scan at a time, and waiting callers take turns, network by network.

However many scans one caller or one network requests, the next scan of another network waits for at most one running
scan, whose time is limited.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

import prometheus_client

from signfleet.foundation.errors import Busy, Invalid, Throttled

#: Seconds that a scan may take, unless the store is opened with another limit.
SCAN_LIMIT: Final = 10.0
#: How many scans of one caller may wait.
WAITING_OF_ONE: Final = 32

WAITING = prometheus_client.Gauge("signfleet_scans_waiting", "Reads that may scan and wait for their turn.")
RUNNING = prometheus_client.Gauge("signfleet_scans_running", "Reads that scan now.")
SCANS = prometheus_client.Counter("signfleet_scans", "Reads that had to scan, by how they ended.", ["end"])


class Caller(NamedTuple):
    """The caller that a task reads for; network 0 for the server itself and for callers without a network."""

    network_id: int = 0
    who: str = ""


_SERVER: Final = Caller()
_caller: ContextVar[Caller] = ContextVar("caller", default=_SERVER)


def read_as(caller: Caller) -> None:
    """Sets the caller of every later read of this task."""
    _caller.set(caller)


def took_too_long(limit: float) -> Invalid:
    """Returns the error for a scan that reached its limit of `limit` seconds, and counts it.

    400, not 503: the same request would take as long again, and automatic retries would add to the load.
    """
    SCANS.labels("time limit").inc()
    return Invalid(
        f"The search took longer than {limit:g} seconds and was ended; narrow the filter, or filter and sort by"
        " properties that have an index, such as [Id], [Serial], [Model] or [Settings].[Name]."
    )


class ScanQueue:
    """Lets `places` scans run at a time: at most one of each caller, and all but one of them of one network."""

    def __init__(self, places: int, patience: float) -> None:
        """`patience` is how many seconds a scan may wait for its turn."""
        self._free = places
        self._of_one_network = max(1, places - 1)
        self._patience = patience
        self._running: set[Caller] = set()
        self._of_network: Counter[int] = Counter()
        #: Waiting scans, by network and caller; after a turn, both move to the end.
        self._waiting: OrderedDict[int, OrderedDict[Caller, deque[asyncio.Future[None]]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for the caller's turn, and occupies a place while the block runs.

        Raises `Throttled` if too many scans of the caller wait, and `Busy` if its turn does not come in time.
        """
        caller = _caller.get()
        await self._begin(caller)
        RUNNING.inc()
        try:
            yield
        finally:
            RUNNING.dec()
            self._end(caller)

    async def _begin(self, caller: Caller) -> None:
        if self._may_run(caller):
            self._occupy(caller)
            return
        queue = self._waiting.setdefault(caller.network_id, OrderedDict()).setdefault(caller, deque())
        if caller.who and len(queue) >= WAITING_OF_ONE:
            SCANS.labels("refused").inc()
            raise Throttled("Too many of your searches are waiting; send one after the other.", retry_after=1)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        WAITING.inc()
        try:
            async with asyncio.timeout(self._patience if caller.who else None):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # the turn came at the same moment
                self._end(caller)
            else:
                self._leave(caller, turn)
            if isinstance(error, TimeoutError):
                SCANS.labels("no turn").inc()
                raise Busy("Too many searches run at this moment; try again shortly.", retry_after=5) from None
            raise
        finally:
            WAITING.dec()

    def _may_run(self, caller: Caller) -> bool:
        if self._free == 0:
            return False
        if not caller.who:  # the server itself, whose scans are few
            return True
        return caller not in self._running and self._of_network[caller.network_id] < self._of_one_network

    def _occupy(self, caller: Caller) -> None:
        self._free -= 1
        self._of_network[caller.network_id] += 1
        self._running.add(caller)

    def _end(self, caller: Caller) -> None:
        self._free += 1
        self._of_network[caller.network_id] -= 1
        if not self._of_network[caller.network_id]:
            del self._of_network[caller.network_id]
        self._running.discard(caller)
        while (following := self._next()) is not None:
            self._occupy(following)

    def _next(self) -> Caller | None:
        """Wakes the next scan that may run. Returns its caller, or None."""
        for network_id, callers in self._waiting.items():
            for caller, queue in callers.items():
                turn = next((turn for turn in queue if not turn.done()), None)  # a done one was cancelled
                if turn is not None and self._may_run(caller):
                    self._waiting.move_to_end(network_id)
                    callers.move_to_end(caller)
                    self._leave(caller, turn)
                    turn.set_result(None)
                    return caller
        return None

    def _leave(self, caller: Caller, turn: asyncio.Future[None]) -> None:
        callers = self._waiting[caller.network_id]
        callers[caller].remove(turn)
        if not callers[caller]:
            del callers[caller]
        if not callers:
            del self._waiting[caller.network_id]
