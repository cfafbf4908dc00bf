"""Durable writes over HTTP, beside the same writes of a program that only calls SQLite

Status reports and PATCHes come over 64 connections; the reference updates rows as long as ours with Python's sqlite3,
64 in a commit or one in each, with a full sync as well. Both take turns. Rates are by the clock, costs by the CPU time
of all threads of the server; of those, the event loop and the writer have rows of their own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench import http_load
from bench.reporting import reporting_players
from bench.servers import Ours, serving_fleet
from bench.table import Row
from signfleet.foundation.storage.sqlite_connection import connect
from tests.api import MAIN

DEVICES, PLAYERS, CONNECTIONS = 2_000, 512, 64
ROUNDS, SECONDS = 3, 2.0
BATCH = 64
#: Not those of other benchmarks.
FIRST = 200_000
#: Bytes of a row of the reference: those of a status with its filter properties.
ROW = 3_000


class _Cost(NamedTuple):
    """What a write costs: writes a second, µs of CPU of the process, its event loop and its writer, and bytes."""

    rate: float
    cpu: float
    loop: float
    writer: float
    written: float


def measure() -> Iterator[Row]:
    with serving_fleet(DEVICES) as ours, tempfile.TemporaryDirectory() as folder:
        scripts = reporting_players(ours.api, PLAYERS, FIRST)
        raw = _Raw(Path(folder, "raw.db"))
        reports = [_in_turns(scripts[at::CONNECTIONS]) for at in range(CONNECTIONS)]
        yield from _rows(ours, raw, "report", reports, {"batches": 0.30, "commits": 1.0}, 200)
        yield from _rows(ours, raw, "PATCH", _patches(ours), {"batches": 0.25}, None)


def _in_turns(scripts: list[Callable[[], bytes]]) -> Callable[[], bytes]:
    """Returns what one connection sends for its players, one after the other."""
    turns = itertools.cycle(scripts)

    def report() -> bytes:
        player = next(turns)
        return player()

    return report


def _rows(
    ours: Ours, raw: _Raw, name: str, scripts: list[Callable[[], bytes]], goals: dict[str, float], most: float | None
) -> Iterator[Row]:
    _written(ours, scripts)  # the first ones fill caches
    turns = [(_written(ours, scripts), raw.rate(BATCH), raw.rate(1)) for _ in range(ROUNDS)]
    ours_rate = statistics.median(cost.rate for cost, _, _ in turns)
    for at, kind, words in ((0, "batches", f"raw, {BATCH} in a commit"), (1, "commits", "raw, one in a commit")):
        rates = [(cost.rate, (batches, commits)[at]) for cost, batches, commits in turns]
        ratio = statistics.median(mine / other for mine, other in rates)
        raw_rate = statistics.median(other for _, other in rates)
        yield Row(f"{name}, beside {words}", "per s", ours_rate, raw_rate, ratio, at_least=goals.get(kind))
    costs = _Cost(*(statistics.median(values) for values in zip(*(cost for cost, _, _ in turns), strict=True)))
    whole = most or costs.cpu
    for part, value in (("CPU", costs.cpu), ("event loop", costs.loop), ("writer", costs.writer)):
        yield Row(f"{name}: {part}", "µs", value, whole, value / whole, at_most=1 if most and part == "CPU" else None)
    limit = 24_000
    yield Row(f"{name}: written to the disk", "bytes", costs.written, limit, costs.written / limit, at_most=1)


def _patches(ours: Ours) -> list[Callable[[], bytes]]:
    headers = ours.headers | {"Content-Type": "application/json"}
    numbers = itertools.count()

    def patches(serial: str) -> Callable[[], bytes]:
        def ask() -> bytes:
            change = {"op": "replace", "path": "/settings/description", "value": f"Number {next(numbers)}"}
            return http_load.request("PATCH", f"{MAIN}/Devices/{serial}/", headers, json.dumps([change]).encode())

        return ask

    return [patches(device["serial"]) for device in itertools.islice(ours.api.devices(), CONNECTIONS)]


def _written(ours: Ours, scripts: list[Callable[[], bytes]]) -> _Cost:
    process = ours.server.process
    before, threads, bytes_ = ours.server.cpu_seconds(), _threads(process), _bytes(process)
    done = asyncio.run(http_load.load(ours.port, scripts, CONNECTIONS, SECONDS))
    spent = {thread: seconds - threads.get(thread, 0.0) for thread, seconds in _threads(process).items()}
    loop = spent.pop(process)  # its first thread
    writer = max(spent.values())  # the busiest other one
    each = 1e6 / done.total
    return _Cost(
        done.answers / done.seconds,
        (ours.server.cpu_seconds() - before) * each,
        loop * each,
        writer * each,
        (_bytes(process) - bytes_) / done.total,
    )


def _threads(process: int) -> dict[int, float]:
    """Returns the CPU seconds of each thread."""
    return {
        int(task.name): int(task.joinpath("schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        for task in Path(f"/proc/{process}/task").iterdir()
    }


def _bytes(process: int) -> int:
    """Returns how many bytes a process has caused to be written to the disk."""
    lines = Path(f"/proc/{process}/io").read_text(encoding="ascii").splitlines()
    return int(next(line.partition(": ")[2] for line in lines if line.startswith("write_bytes")))


class _Raw:
    """A table of rows as long as ours, with the same settings of the store."""

    def __init__(self, path: Path) -> None:
        self._connection: sqlite3.Connection = connect(path)
        self._connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, date INTEGER, text TEXT)")
        self._connection.execute("CREATE INDEX ix ON row (date)")
        rows = [(number, number, "x" * ROW) for number in range(DEVICES)]
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO row VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")
        self._numbers = itertools.count(DEVICES)

    def rate(self, batch: int) -> float:
        """Returns updated rows a second, `batch` of them in a commit."""
        started, done, execute = time.perf_counter(), 0, self._connection.execute
        while (spent := time.perf_counter() - started) < SECONDS / 2:
            execute("BEGIN IMMEDIATE")
            for _ in range(batch):
                number = next(self._numbers)
                id_ = number * 7919 % DEVICES
                execute("SELECT date, text FROM row WHERE id = ?", (id_,)).fetchall()
                execute("UPDATE row SET date = ?, text = ? WHERE id = ?", (number, f"{number}{'x' * ROW}", id_))
            execute("COMMIT")
            done += batch
        return done / spent
