"""Runs a server in its own process, as an operator does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from signfleet.app.bootstrap import Tenant, bootstrap
from signfleet.app.wiring import build
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.migrations import migrate_sqlite
from tests.preloaded import Command

SOURCES = Path(__file__).parents[1] / "src"
#: Seconds to wait for a process before the test fails, generous for a busy machine.
PATIENCE = 120


class Running:
    """A process that listens at `address`."""

    def __init__(self, process: Command) -> None:
        self.process = process
        #: The lines of its log so far.
        self.log: list[dict[str, Any]] = []
        self.address = self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> str:
        for line in self.process.stderr:
            self.log.append(json.loads(line))
            if self.log[-1]["event"] == "listening":
                return str(self.log[-1]["address"])
        raise AssertionError(f"The server ended with {self.process.wait()}: {self.log}")

    def wait_until_bootstrapped(self) -> str:
        """Returns what the first start prints after the bootstrap."""
        return self.process.stdout.readline()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and reads the rest of the log; returns the exit code."""
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=PATIENCE)
        self.log += [json.loads(line) for line in rest.splitlines()]
        return self.process.returncode


def environment() -> dict[str, str]:
    """Returns the environment of this process without settings of the server, and with the sources on the path."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("SIGNFLEET_")}
    return others | {"PYTHONPATH": str(SOURCES)}


@contextmanager
def running_server(*arguments: str) -> Iterator[Running]:
    """Runs `signfleet serve` on a free port with further arguments; kills it at the end if it still runs."""
    with Command(["serve", "--port", "0", *arguments], environment()) as process:
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()


class Demo:
    """A running demo: its output so far and its stored credentials."""

    def __init__(self, printed: str, folder: Path) -> None:
        self.printed = printed
        self.path = folder / "credentials.json"
        #: The path of the file while no demo runs.
        self.stopped = folder / "credentials.stopped.json"
        self.credentials: dict[str, Any] = json.loads(self.path.read_text())

    @property
    def line(self) -> str:
        """Returns the command line in the output."""
        return next(line.strip() for line in self.printed.splitlines() if line.strip().startswith("curl "))


def start_demo(folder: Path, players: int = 3, port: int = 0) -> Command:
    """Starts `signfleet demo`; does not wait for its output."""
    return Command(demo_arguments(folder, players, port), environment())


def demo_arguments(folder: Path, players: int, port: int = 0) -> list[str]:
    return ["demo", "--port", str(port), "--players", str(players), "--data", str(folder)]


@contextmanager
def running_demo(folder: Path, players: int = 3) -> Iterator[Demo]:
    """Runs `signfleet demo` on a free port and waits for its players."""
    with start_demo(folder, players) as process:
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                if "simulated players have joined" in line:
                    break
            yield Demo(printed, folder)
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=PATIENCE)
            assert (process.returncode, errors) == (0, ""), (process.returncode, errors)


@cache
def migrated() -> bytes:
    """Returns an empty SQLite file with the current schema; the migrations run once per process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "signfleet.db")
        migrate_sqlite(path)
        return path.read_bytes()


def bootstrapped(data: Path, database: str | None = None) -> Tenant:
    """Bootstraps the network `Demo` in an unused store: `database`, or the one in the data folder."""

    if database is None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / "signfleet.db").touch(mode=0o600)
        (data / "signfleet.db").write_bytes(migrated())

    async def build_and_bootstrap() -> Tenant:
        services = await build(Settings(data=str(data), database=database))
        try:
            return await bootstrap(
                services.store, services.people, network="Demo", login="admin@example.com", now=time.time_ns() // 10**6
            )
        finally:
            await services.close()

    return asyncio.run(build_and_bootstrap())
