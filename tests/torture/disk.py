"""A full disk, and a database file without its pages."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx

from signfleet.foundation.settings import Settings
from tests.api import MAIN, Api
from tests.running import bootstrapped
from tests.torture.figures import Figures
from tests.torture.forked import Forked, forked_server
from tests.torture.ledger import Ledger
from tests.torture.writers import WRITERS, Operator, Writer, stored_facts, write_until

DISK_MEGABYTES = 24
#: Seconds to wait for a status of the readiness check, which caches each result for two seconds.
PATIENCE = 30.0


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mounts a small disk at `folder` if this user may; yields whether it is mounted."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=0700", "signfleet-torture", str(folder)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path, server: Forked, *, is_mounted: bool) -> Iterator[None]:
    """Makes writes fail: fills the disk, or else forbids the process to grow files."""
    if is_mounted:
        ballast = folder / "players.ballast"
        with ballast.open("wb") as file:
            try:
                while True:
                    os.write(file.fileno(), bytes(4096))
            except OSError:
                pass
        yield
        ballast.unlink()
    else:
        limits = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
        yield
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, limits)


def full_disk(folder: Path, rounds: int) -> Figures:
    """Fills and frees the disk again and again while writers write."""
    data = folder / "data"
    data.mkdir(0o700)
    ledger, random = Ledger(), Random(21)
    statuses: dict[int, int] = {}
    ready = not_ready = 0
    with small_disk(data) as is_mounted:
        database = f"sqlite:///{data / 'signfleet.db'}"
        settings = Settings(data=str(data), database=database, port=0, access_log=False)
        operator = Operator(bootstrapped(data, database))
        writers = [Writer(number, ledger, random) for number in range(WRITERS)]
        with forked_server(settings, folder / "server.log") as server:

            def work() -> None:
                async def a_while() -> None:
                    await asyncio.gather(*(writer.joined.wait() for writer in writers))
                    await asyncio.sleep(0.5)

                asyncio.run(write_until(server.address, writers, operator, a_while))

            work()
            for _ in range(rounds):
                with full(data, server, is_mounted=is_mounted):
                    work()
                    not_ready += _becomes(server.address, 503)
                ready += _becomes(server.address, 200)
                work()
            code, _ = server.stop()
        for writer in writers:
            for status, count in writer.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
        ledger.check(asyncio.run(stored_facts(database, data / "blobs")))
    figures = Figures(f"disk full ({'tmpfs' if is_mounted else 'file size limit'})")
    figures.add("times full", rounds)
    figures.add("acknowledged writes", ledger.acknowledged)
    figures.add("lost or doubled", len(ledger.violations), wanted=0)
    figures.add("answers 503", statuses.get(503, 0))
    other = sum(count for status, count in statuses.items() if status >= 500 and status != 503)
    figures.add("other answers 5xx", other, wanted=0)
    figures.add("readiness 503 while full", not_ready, wanted=rounds)
    figures.add("readiness 200 afterwards", ready, wanted=rounds)
    figures.add("exit code", code, wanted=0)
    figures.notes += ledger.violations[:10]
    return figures


def _becomes(address: str, status: int, path: str = "/health/ready") -> bool:
    return _until(lambda: httpx.get(f"{address}{path}", timeout=60).status_code == status)


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def unreadable_database(folder: Path, rounds: int) -> Figures:
    """Truncates the database file under a running server, and restores it."""
    database = f"sqlite:///{folder / 'signfleet.db'}"
    settings = Settings(data=str(folder), database=database, port=0, access_log=False)
    network = bootstrapped(folder, database)
    with forked_server(settings, folder / "server.log") as server, Api(server.address, network) as api:
        api.add_players(20)
        server.stop()
    file = folder / "signfleet.db"
    content = file.read_bytes()
    statuses: dict[int, int] = {}
    recovered = 0
    paths = ("/Devices/", "/Devices/Errors/", "/Groups/Regular/", "/Users/", "/Roles/", "/Self/Networks/")
    for _ in range(rounds):
        with forked_server(settings, folder / "server.log") as server, Api(server.address, network) as api:
            content = file.read_bytes()
            os.truncate(file, 2 * 8192)
            for path in (*paths, *paths):
                status = api.http.get(f"{MAIN}{path}").status_code
                statuses[status] = statuses.get(status, 0) + 1
            alive = httpx.get(f"{server.address}/health/live").status_code
            statuses[alive] = statuses.get(alive, 0) + 1
            with file.open("r+b") as restored:
                restored.write(content)
            recovered += _until(lambda api=api: api.http.get(f"{MAIN}/Devices/").status_code == 200)
            server.stop()
    figures = Figures("database file without its pages")
    figures.add("rounds", rounds)
    figures.add("answers 503", statuses.get(503, 0))
    other = sum(count for status, count in statuses.items() if status >= 500 and status != 503)
    figures.add("other answers 5xx", other, wanted=0)
    figures.add("recovered", recovered, wanted=rounds)
    return figures
