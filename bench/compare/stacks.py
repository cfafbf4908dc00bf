"""The servers that ours is compared with: how to install, start and ask each.

They live in `bench/compare/.stacks`, with an environment and a folder of Node of their own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import http_load
from signfleet.foundation.wire.collation import order_key
from tests.processes import free_port, running

HERE = Path(__file__).parent
INSTALLED = HERE / ".stacks"
PYTHON = INSTALLED / "venv" / "bin"
MODULES = INSTALLED / "node_modules"
AUTHORIZED = {"Authorization": "Bearer compare", "Accept": "application/json"}


@dataclass(frozen=True)
class Stack:
    """One server. `{port}` and `{data}` in `command` are replaced; it serves `data / "devices.json"`."""

    name: str
    command: Sequence[str]
    ready: str
    get: str
    list: str
    #: With a filter, a sort and both counts; empty if it cannot do that.
    filter: str = ""
    #: Whether a device can be changed there durably.
    patches: bool = False
    #: Answers the same example to everything.
    is_mock: bool = False

    def requests(self, serial: str) -> dict[str, bytes]:
        targets = {
            "get one": self.get.format(serial=serial),
            "list 100": self.list,
            "filter, sort, counts": self.filter,
        }
        return {name: http_load.request("GET", target, AUTHORIZED) for name, target in targets.items() if target}

    def patch(self, serial: str, description: str) -> bytes:
        body = json.dumps({"description": description}).encode()
        headers = AUTHORIZED | {"Content-Type": "application/json"}
        return http_load.request("PATCH", self.get.format(serial=serial), headers, body)

    @contextmanager
    def running(self, data: Path) -> Iterator[http_load.Server]:
        port = free_port()
        command = [part.format(port=port, data=data) for part in self.command]
        environment = {"COMPARE_DATA": str(data), "PYTHONPATH": str(HERE), "NODE_ENV": "production"}
        with running(command, port, data / "compare.log", self.ready, environment) as process:
            yield http_load.Server(port, process.pid)


STACKS = (
    Stack(
        "FastAPI, SQLAlchemy ORM",
        [f"{PYTHON}/uvicorn", "fastapi_orm:app", "--port", "{port}", "--log-level", "info"],
        "/ready",
        "/devices/{serial}",
        "/devices?limit=100",
        "/devices?limit=100&model_ne=HD1024&sort=name",
        patches=True,
    ),
    Stack(
        "Django REST Framework",
        [f"{PYTHON}/gunicorn", "-b", "127.0.0.1:{port}", "-k", "gthread", "--threads", "16", "drf:application"],
        "/ready",
        "/devices/{serial}",
        "/devices?limit=100",
        "/devices?limit=100&model_ne=HD1024&sort=name",
        patches=True,
    ),
    Stack(
        "json-server",
        ["node", f"{MODULES}/json-server/lib/cli/bin.js", "{data}/db.json", "--port", "{port}", "--host", "127.0.0.1"],
        "/devices?_limit=1",
        "/devices/{serial}",
        "/devices?_page=1&_limit=100",
        "/devices?_page=1&_limit=100&model_ne=HD1024&_sort=name",
    ),
    Stack(
        "Prism (a mock)",
        ["node", f"{MODULES}/@stoplight/prism-cli/dist/index.js", "mock", "{data}/prism.json", "-p", "{port}"],
        "/devices/{serial}",
        "/devices/{serial}",
        "/devices",
        is_mock=True,
    ),
)


def install() -> list[Stack]:
    """Installs what is missing; returns the stacks that can run."""
    INSTALLED.mkdir(exist_ok=True)
    if not (PYTHON / "gunicorn").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PYTHON.parent)], check=True)
        subprocess.run([PYTHON / "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
    if not (MODULES / "json-server").exists() and shutil.which("npm"):
        shutil.copy(HERE / "package.json", INSTALLED)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=INSTALLED, check=True)
    return [stack for stack in STACKS if stack.command[0] != "node" or MODULES.exists()]


def write_data(data: Path, devices: Sequence[Mapping[str, Any]]) -> None:
    """Writes the devices for each stack: as a list, as a database of json-server, and as examples of a mock."""
    sortable = [{**device, "name": order_key(device["settings"]["name"])} for device in devices]
    (data / "devices.json").write_text(json.dumps(sortable), encoding="utf-8")
    by_serial = [{**device, "id": device["serial"]} for device in sortable]
    (data / "db.json").write_text(json.dumps({"devices": by_serial}), encoding="utf-8")

    def operation(example: Any) -> dict[str, Any]:
        content = {"application/json": {"schema": {}, "example": example}}
        return {"get": {"responses": {"200": {"description": "", "content": content}}}}

    page = {"items": devices[:100], "totalItemCount": len(devices), "matchingItemCount": len(devices)}
    serial = {"name": "serial", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {"/devices/{serial}": {"parameters": [serial], **operation(devices[0])}, "/devices": operation(page)}
    document = {"openapi": "3.0.3", "info": {"title": "Devices", "version": "1"}, "paths": paths}
    (data / "prism.json").write_text(json.dumps(document), encoding="utf-8")
