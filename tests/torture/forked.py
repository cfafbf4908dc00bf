"""A server in a forked process: it starts in a tenth of a second, so that a thousand kills take minutes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from signfleet.app import wiring
from signfleet.app.server import run
from signfleet.foundation import logs
from signfleet.foundation.geography import places
from signfleet.foundation.settings import Settings

# Loaded once, before the forks.
places.load()
assert wiring.build


class Forked:
    """A server process; it listens at `address`."""

    def __init__(self, settings: Settings, log: Path, prepare: Callable[[], None] = lambda: None) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        self._pid: int | None = os.fork()
        if not self._pid:
            os.close(reading)
            os._exit(_serve(settings, log, writing, prepare))
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.address = pipe.readline().strip()
        assert self.address, f"the server did not start: {log.read_text()[-4000:]}"

    def send(self, number: signal.Signals) -> None:
        assert self._pid is not None
        os.kill(self._pid, number)

    def wait(self) -> int:
        """Waits for the end of the process; returns its exit code, or minus the signal that killed it."""
        assert self._pid is not None
        _, status = os.waitpid(self._pid, 0)
        self._pid = None
        return os.waitstatus_to_exitcode(status)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Stops the process; returns its exit code and the seconds that this took."""
        before = time.monotonic()
        self.send(number)
        return self.wait(), time.monotonic() - before

    @property
    def pid(self) -> int:
        assert self._pid is not None
        return self._pid

    @property
    def runs(self) -> bool:
        return self._pid is not None


def _serve(settings: Settings, log: Path, writing: int, prepare: Callable[[], None]) -> int:
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        logs.configure("warning")
        prepare()

        async def announce(_services: object, address: str) -> None:
            os.write(writing, f"{address}\n".encode())

        run(settings, announce)
    except BaseException:
        logs.structlog.get_logger("torture").exception("the server failed")
        return 1
    return 0


@contextmanager
def forked_server(settings: Settings, log: Path, *, prepare: Callable[[], None] = lambda: None) -> Iterator[Forked]:
    """Forks a server on a free port, after `prepare` in its process; kills it at the end if it still runs."""
    server = Forked(settings, log, prepare)
    try:
        yield server
    finally:
        if server.runs:
            server.stop(signal.SIGKILL)
