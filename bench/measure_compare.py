"""The same work on other stacks: how many times as much ours does

There are 10,000 devices, or BENCH_DEVICES. Every server checks a token in its store except json-server and Prism, which
check nothing; each answers what ours does, compared before it is loaded. Changes are durable and leave an entry in an
audit table. Each pair runs on one core in turns. The figures are answers per second of CPU time, of all threads of a
server.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import http_load, measure_requests
from bench.compare.stacks import Stack, install, write_data
from bench.measure_requests import CONNECTIONS, MATCHING, PAGE, UNIT
from bench.servers import LOAD, SERVERS, Ours, serving_fleet
from bench.size import DEVICES
from bench.table import Row
from tests.api import MAIN

ROUNDS, SECONDS = 3, 0.7
GOALS = {
    "FastAPI, SQLAlchemy ORM": {"get one": 30, "list 100": 50, "filter, sort, counts": 40, "patch one": 10},
    "Django REST Framework": {"get one": 60, "list 100": 70, "filter, sort, counts": 40, "patch one": 15},
}


def measure() -> Iterator[Row]:
    stacks = install()
    with serving_fleet(DEVICES) as ours, tempfile.TemporaryDirectory() as folder:
        http_load.use_core(ours.server.process, SERVERS)
        data = Path(folder)
        devices = list(ours.api.devices())
        write_data(data, devices)
        for stack in stacks:
            with stack.running(data) as server, http_load.on_core(LOAD):
                for process in http_load.with_children(server.process):
                    http_load.use_core(process, SERVERS)
                yield from _compare(stack, server, ours, [device["serial"] for device in devices])


def _compare(stack: Stack, server: http_load.Server, ours: Ours, serials: list[str]) -> Iterator[Row]:
    page = f"{MAIN}/Devices/?pageSize={PAGE}"
    targets = {
        "get one": f"{MAIN}/Devices/{serials[0]}/",
        "list 100": page,
        "filter, sort, counts": f"{page}&{MATCHING}",
    }
    for name, theirs in stack.requests(serials[0]).items():
        mine = http_load.request("GET", targets[name], ours.headers)
        _check(stack, name, _asked(ours.port, mine), _asked(server.port, theirs))
        yield _row(stack, name, ours.server, server, mine, theirs)
    if stack.patches:
        own = serials[1 : CONNECTIONS + 1]
        mine_ = [measure_requests.changes(serial, ours.headers) for serial in own]
        theirs_ = [[stack.patch(serial, text) for text in ("one", "other")] for serial in own]
        asyncio.run(http_load.ask(server.port, theirs_[0][1]))
        changed = _asked(server.port, stack.requests(own[0])["get one"])
        assert changed["settings"]["description"] == "other", stack.name
        yield _row(stack, "patch one", ours.server, server, mine_, theirs_)


def _row(stack: Stack, name: str, ours: http_load.Server, theirs: http_load.Server, mine: Any, reference: Any) -> Row:
    done = asyncio.run(
        http_load.compare(
            ours, theirs, mine, reference=reference, connections=CONNECTIONS, rounds=ROUNDS, seconds=SECONDS
        )
    )
    goal = GOALS.get(stack.name, {}).get(name)
    return Row(f"{stack.name}: {name}", UNIT, done.ours, done.bare, done.ratio, at_least=goal)


def _asked(port: int, payload: bytes) -> Any:
    answer = asyncio.run(http_load.ask(port, payload))
    assert answer.status == 200, answer
    return json.loads(answer.body)


def _check(stack: Stack, name: str, mine: Any, theirs: Any) -> None:
    """Fails if the answers differ in what both have; the mock has no answer of its own."""
    if name == "get one":
        assert theirs["serial"] == mine["serial"], stack.name
        assert stack.is_mock or theirs["settings"] == mine["settings"], stack.name
        return
    items = theirs if isinstance(theirs, list) else theirs["items"]
    assert [item["serial"] for item in items] == [item["serial"] for item in mine["items"]], (stack.name, name)
    if isinstance(theirs, dict):
        counts = ("totalItemCount", "matchingItemCount")
        assert [theirs[count] for count in counts] == [mine[count] for count in counts], (stack.name, name)
