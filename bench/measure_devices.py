"""Devices over HTTP, beside an ASGI app that answers the same bytes

There are 100,000 devices. Both servers run on uvicorn with uvloop and httptools, in two processes on the same core;
a load generator on another core asks them in turns over keep-alive connections, uncompressed unless a row names gzip.
For the list with gzip, the reference is the plain list, and the ratio is the share of its rate. For a look-up
beside a scan, the reference is the same look-up without the scan, and the server may use both cores.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench import http_load
from bench.fleet import multiply
from bench.table import Row
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.open import open_store
from tests.api import MAIN, Api
from tests.processes import free_port, running
from tests.running import bootstrapped, running_server

PLAYERS = 120
DEVICES = 100_000
PAGE = 100
CONNECTIONS = 16
#: The cores they use.
SERVERS, LOAD = 1, 0
#: What uvicorn adds to every answer itself.
UVICORNS_OWN = {"date", "server"}

MATCHING = f"filter={quote('[Model] IS NOT ')}%27HD1024%27&sort={quote('[Settings].[Name] ASC')}"
#: No index serves it, and no device matches: every page of it looks at all of them.
SCANNED = quote("[Settings].[Description] IS 'nowhere to be found'")
TAG = "string::[Device].<Bench>"
READY = "GET /ready"


@contextmanager
def running_bare(answers: Mapping[str, http_load.Answer], folder: Path) -> Iterator[int]:
    """Runs the bare app with these answers by method and target; yields its port."""
    file, port = folder / "answers.json", free_port()
    described = {target: description(answer) for target, answer in answers.items()}
    described[READY] = {"status": 200, "headers": [["content-length", "0"]], "body": ""}
    file.write_text(json.dumps(described), encoding="utf-8")
    options = ["--lifespan", "off", "--no-access-log", "--loop", "uvloop", "--http", "httptools"]
    command = [sys.executable, "-m", "uvicorn", "bench.bare_app:app", "--port", str(port), *options]
    environment = {"BARE_ANSWERS": str(file)}
    with running(command, port, folder / "log", READY.partition(" ")[2], environment) as process:
        http_load.use_core(process.pid, SERVERS)
        yield port


def description(answer: http_load.Answer) -> dict[str, object]:
    """Returns an answer as the file of the bare app has it."""
    lines = [line.split(": ", 1) for line in answer.head.decode("ascii").split("\r\n")[1:]]
    headers = [line for line in lines if line[0].lower() not in UVICORNS_OWN]
    return {"status": answer.status, "headers": headers, "body": answer.body.decode("utf-8")}


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        network = bootstrapped(data)
        options = ("--data", str(data), "--no-access-log")
        with running_server(*options) as server, Api(server.address, network) as api:
            api.add_players(PLAYERS)
            serials = [device["serial"] for device in api.devices()][:CONNECTIONS]
        asyncio.run(_enlarge(data, network.network_id))
        with running_server(*options) as server, Api(server.address, network) as api:
            port = urlsplit(server.address).port
            assert port is not None
            yield _beside_a_scan(port, api.token, serials[0])
            http_load.use_core(server.process.pid, SERVERS)
            yield from _compare(port, api.token, serials, Path(folder))


async def _enlarge(data: Path, network_id: int) -> None:
    store = await open_store(Settings(data=str(data)).database_url)
    await multiply(store, network_id, DEVICES)
    await store.close()


def _beside_a_scan(port: int, token: str, serial: str) -> Row:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    look_up = http_load.request("GET", f"{MAIN}/Devices/{serial}/", headers)
    scan = http_load.request("GET", f"{MAIN}/Devices/?filter={SCANNED}", headers)
    beside, alone = asyncio.run(http_load.p99_beside(port, look_up, scan, connections=1))
    return Row("get one, p99, beside a scan", "ms", beside, alone, beside / alone)


def _compare(port: int, token: str, serials: list[str], folder: Path) -> Iterator[Row]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    page = f"{MAIN}/Devices/?pageSize={PAGE}"
    reads = {
        "get one device by serial number": f"{MAIN}/Devices/{serials[0]}/",
        f"list {PAGE} devices": page,
        f"list {PAGE}, filter, sort, counts": f"{page}&{MATCHING}",
        "regions of all devices": f"{MAIN}/Devices/Regions/",
    }
    scripts: dict[str, Iterable[http_load.Script]] = {
        name: [[http_load.request("GET", target, headers)]] for name, target in reads.items()
    }
    scripts["change a setting"] = [_changes(serial, headers) for serial in serials]
    scripts["add and delete a tag"] = [_tags(serial, headers) for serial in serials]
    answers = {
        " ".join(payload.decode().split(" ", 2)[:2]): asyncio.run(http_load.ask(port, payload))
        for loads in scripts.values()
        for script in loads
        for payload in script
    }
    with running_bare(answers, folder) as bare_port, http_load.on_core(LOAD):
        for name, loads in scripts.items():
            result = asyncio.run(http_load.compare(port, bare_port, list(loads), connections=CONNECTIONS))
            yield Row(name, "requests/s", result.ours, result.bare, result.ratio)
        plain = http_load.request("GET", page, headers)
        zipped = http_load.request("GET", page, headers | {"Accept-Encoding": "gzip"})
        result = asyncio.run(http_load.compare(port, port, zipped, reference=plain))
        yield Row(f"list {PAGE} devices with gzip", "requests/s", result.ours, result.bare, result.ratio)


def _changes(serial: str, headers: Mapping[str, str]) -> http_load.Script:
    """Returns two changes of a device that undo one another, so that each of them writes."""
    bodies = ([{"op": "replace", "path": "/settings/description/", "value": text}] for text in ("one", "other"))
    return [_write("PATCH", f"{serial}/", body, headers) for body in bodies]


def _tags(serial: str, headers: Mapping[str, str]) -> http_load.Script:
    target = f"{serial}/Tags/"
    return [_write("POST", target, {TAG: "x"}, headers), _write("DELETE", target, [TAG], headers)]


def _write(method: str, target: str, body: object, headers: Mapping[str, str]) -> bytes:
    sent = {**headers, "Content-Type": "application/json"}
    return http_load.request(method, f"{MAIN}/Devices/{target}", sent, json.dumps(body).encode())
