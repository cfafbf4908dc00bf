"""Devices over HTTP, beside an ASGI app that answers the same bytes

Both run on uvicorn with uvloop and httptools, in a process each on the same core; one load generator on another core
asks them in turns over kept connections, without compression.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench import http_load
from bench.table import Row
from tests.api import MAIN, Api
from tests.processes import free_port, running
from tests.running import founded, running_server

PLAYERS = 120
PAGE = 100
#: The cores they use.
SERVERS, LOAD = 1, 0
#: What uvicorn adds to every answer itself.
UVICORNS_OWN = {"date", "server"}


@contextmanager
def running_bare(answers: Mapping[str, http_load.Answer], folder: Path) -> Iterator[int]:
    """The port of the bare app, which has these answers by path."""
    file, port = folder / "answers.json", free_port()
    file.write_text(json.dumps({path: described(answer) for path, answer in answers.items()}), encoding="utf-8")
    options = ["--lifespan", "off", "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    command = [sys.executable, "-m", "uvicorn", "bench.bare_app:app", "--port", str(port), *options]
    with running(command, port, folder / "log", next(iter(answers)), {"BARE_ANSWERS": str(file)}) as process:
        http_load.use_core(process.pid, SERVERS)
        yield port


def described(answer: http_load.Answer) -> dict[str, object]:
    """An answer for the bare app's file."""
    lines = [line.split(": ", 1) for line in answer.head.decode("ascii").split("\r\n")[1:]]
    headers = [line for line in lines if line[0].lower() not in UVICORNS_OWN]
    return {"headers": headers, "body": answer.body.decode("utf-8")}


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        network = founded(data)
        with running_server("--data", str(data), "--no-access-log") as server, Api(server.address, network) as api:
            api.add_players(PLAYERS)
            serial = next(api.devices())["serial"]
            targets = {
                "get one device by serial number": f"{MAIN}/Devices/{serial}/",
                f"list {PAGE} devices": f"{MAIN}/Devices/?pageSize={PAGE}",
            }
            headers = {"Authorization": f"Bearer {api.token}", "Accept": "application/json"}
            payloads = {name: http_load.request("GET", target, headers) for name, target in targets.items()}
            port = urlsplit(server.address).port
            assert port is not None
            answers = {
                urlsplit(target).path: asyncio.run(http_load.ask(port, payloads[name]))
                for name, target in targets.items()
            }
            http_load.use_core(server.process.pid, SERVERS)
            with running_bare(answers, Path(folder)) as bare_port, http_load.on_core(LOAD):
                for name, payload in payloads.items():
                    result = asyncio.run(http_load.compare(port, bare_port, payload))
                    yield Row(name, "requests/s", result.ours, result.bare, result.ratio)
