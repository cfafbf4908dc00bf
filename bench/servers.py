"""The servers that benchmarks load: ours as `signfleet serve` runs by default, and a bare ASGI app beside it.

Both log to a file, as under a supervisor; ours writes its access log there.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import pickle
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import http_load
from bench.fleet import multiply
from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import build
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.migrations import migrate_sqlite
from tests.api import Api
from tests.processes import HOST, free_port, running
from tests.running import bootstrapped

#: The cores they use: both servers one, what loads them the other.
SERVERS, LOAD = 1, 0
#: What uvicorn adds to every answer itself.
UVICORNS_OWN = {"date", "server"}
READY = "GET /ready"
LOG = "serve.log"
#: Seconds that a server may take to become idle.
IDLE_WITHIN = 120
#: Seconds of CPU time that an idle server may take in half a second.
IDLE = 0.02
#: How often the jobs run until nothing is left to do.
SETTLED_AFTER = 3
#: Seconds that are longer than the period of every job which changes many devices.
SWEEP_PERIOD = 11.0
#: Simulated players of a fleet that have reported; its other devices are copies of them.
PLAYERS = 120


@dataclass(frozen=True)
class Ours:
    """Our server while it runs, a client of it, and its data folder."""

    server: http_load.Server
    api: Api
    data: Path

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def headers(self) -> dict[str, str]:
        """Returns what an application sends with each request."""
        return {"Authorization": f"Bearer {self.api.token}", "Accept": "application/json"}


@contextmanager
def serving(data: Path, tenant: Tenant, *options: str) -> Iterator[Ours]:
    """Runs `signfleet serve` over a data folder, on any core, with a few further options."""
    port = free_port()
    command = [sys.executable, "-m", "signfleet", "serve", "--data", str(data), "--port", str(port), *options]
    with (
        running(command, port, data / LOG) as process,
        Api(f"http://{HOST}:{port}", tenant) as api,
    ):
        server = http_load.Server(port, process.pid)
        wait_until_idle(server)
        yield Ours(server, api, data)


def wait_until_idle(server: http_load.Server, quiet: float = 0.5) -> None:
    """Returns when the server has done nothing for `quiet` seconds.

    A start looks at the whole fleet, and new players make work for the jobs that follow. With `SWEEP_PERIOD` as `quiet`
    a job that only waits for its next time is over too.
    """
    end = time.monotonic() + IDLE_WITHIN
    since = time.monotonic()
    while since + quiet > time.monotonic() and time.monotonic() < end:
        before = server.cpu_seconds()
        time.sleep(0.5)
        if server.cpu_seconds() - before > IDLE:
            since = time.monotonic()


@contextmanager
def serving_fleet(devices: int, *options: str, players: int = PLAYERS) -> Iterator[Ours]:
    """Runs our server over a fleet of that size, of which some are simulated players that have reported."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        tenant = copy_fleet(data, devices, players)
        with serving(data, tenant, *options) as ours:
            yield ours


def copy_fleet(data: Path, devices: int, players: int = PLAYERS) -> Tenant:
    """Copies the data folder of a fleet, which a benchmark may then change; returns its network."""
    prepared, tenant = prepared_fleet(devices, players)
    shutil.copytree(prepared, data)
    return tenant


@cache
def prepared_fleet(devices: int, players: int = PLAYERS) -> tuple[Path, Tenant]:
    """Returns the data folder of a fleet and its network; all benchmarks of a run share it.

    One of an earlier run has the schema of that time, and is upgraded.
    """
    folder = folder_of_fleets() / f"{devices}-{players}"
    data, note = folder / "data", folder / "tenant.pickle"
    if not note.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if devices > players:
            tenant = copy_fleet(data, players, players)
            asyncio.run(_enlarge(data, tenant.network_id, devices))
        else:
            tenant = bootstrapped(data)
            with serving(data, tenant) as ours:
                ours.api.add_players(players)
            (data / LOG).unlink()
        note.write_bytes(pickle.dumps(tenant))
    migrate_sqlite(data / "signfleet.db")
    tenant = pickle.loads(note.read_bytes())
    assert isinstance(tenant, Tenant)
    return data, tenant


@cache
def folder_of_fleets() -> Path:
    """Returns the folder that BENCH_FLEETS names, where fleets stay for the next run; else one that ends with this."""
    if named := os.environ.get("BENCH_FLEETS"):
        return Path(named)
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


async def _enlarge(data: Path, network_id: int, devices: int) -> None:
    """Adds devices, and does what the jobs of a server would do with so many new ones during the first measurement.

    They get subscriptions, then health that depends on those, then alerts that depend on that.
    """
    settings = Settings(data=str(data))
    services = await build(settings)
    try:
        await multiply(services.store, settings.database_url, network_id, devices)
        for _ in range(SETTLED_AFTER):
            await services.background.run_all()
    finally:
        await services.close()


@contextmanager
def running_bare(answers: Mapping[str, http_load.Answer]) -> Iterator[http_load.Server]:
    """Runs the bare app with these answers by method and target."""
    described = {target: description(answer) for target, answer in answers.items()}
    described[READY] = {"status": 200, "headers": [["content-length", "0"]], "body": ""}
    with tempfile.TemporaryDirectory() as folder:
        file, port = Path(folder, "answers.json"), free_port()
        file.write_text(json.dumps(described), encoding="utf-8")
        options = ["--lifespan", "off", "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
        command = [sys.executable, "-m", "uvicorn", "bench.bare_app:app", "--port", str(port), *options]
        environment = {"BARE_ANSWERS": str(file)}
        with running(command, port, Path(folder, "log"), READY.partition(" ")[2], environment) as process:
            http_load.use_core(process.pid, SERVERS)
            yield http_load.Server(port, process.pid)


def description(answer: http_load.Answer) -> dict[str, object]:
    """Returns an answer as the file of the bare app has it."""
    lines = [line.split(": ", 1) for line in answer.head.decode("ascii").split("\r\n")[1:]]
    headers = [line for line in lines if line[0].lower() not in UVICORNS_OWN]
    return {"status": answer.status, "headers": headers, "body": answer.body.decode("utf-8")}
