"""Jobs on a large fleet: the 99th percentile of another client's PATCH meanwhile, beside the limit of 250 ms

There are 10,000 devices, or BENCH_DEVICES. A change of the settings of all devices, then the deletion of all but one,
which a paced client changes all the time. The server runs as `signfleet serve` does by default.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

from bench.servers import Ours, serving_fleet
from bench.size import DEVICES
from bench.table import Row
from tests.api import MAIN

#: In ms; and how long (seconds) a change is watched at most.
LIMIT: Final = 250.0
WATCHED: Final = 60.0
#: Seconds between two PATCHes.
PACE: Final = 0.02


def measure() -> Iterator[Row]:
    with serving_fleet(DEVICES) as ours:
        device = next(ours.api.devices())
        serial, all_others = device["serial"], f"[Id] IS NOT {device['id']}"
        yield from _beside("a change of all devices", ours, serial, lambda: _change(ours, all_others))
        yield from _beside("a deletion of all devices", ours, serial, lambda: _delete(ours, all_others))


def _delete(ours: Ours, filter_: str) -> int:
    with httpx.Client(base_url=ours.api.address, headers=ours.headers, timeout=600) as http:
        return int(http.delete(f"{MAIN}/Devices/", params={"filter": filter_}).raise_for_status().json())


def _change(ours: Ours, filter_: str) -> int:
    """Changes all devices, for as long as it is watched; returns how many it has changed."""
    value = [{"op": "replace", "path": "/settings/description", "value": "changed"}]
    with httpx.Client(base_url=ours.api.address, headers=ours.headers, timeout=60) as http:
        job: dict[str, Any] = http.post("/admin/v1/changes/", json={"filter": filter_, "settings": value}).json()
        place, end = f"/admin/v1/jobs/{job['id']}/", time.monotonic() + WATCHED
        while job["finishedDate"] is None and time.monotonic() < end:
            time.sleep(0.5)
            job = http.get(place).raise_for_status().json()
        if job["finishedDate"] is None:
            http.delete(place).raise_for_status()
        return int(job["done"])


def _beside(name: str, ours: Ours, serial: str, work: Callable[[], int]) -> Iterator[Row]:
    done: list[int] = []
    began = time.monotonic()
    worker = threading.Thread(target=lambda: done.append(work()))
    worker.start()
    times = []
    with httpx.Client(base_url=ours.api.address, headers=ours.headers, timeout=60) as http:
        while worker.is_alive():
            patch = [{"op": "replace", "path": "/settings/description", "value": str(len(times))}]
            start = time.perf_counter()
            http.patch(f"{MAIN}/Devices/{serial}/", json=patch).raise_for_status()
            times.append(1000 * (time.perf_counter() - start))
            time.sleep(PACE)
    seconds = time.monotonic() - began
    p99, worst = sorted(times)[int(len(times) * 0.99)], max(times)
    yield Row(f"PATCH beside {name}", "ms", p99, LIMIT, p99 / LIMIT, at_most=1)
    yield Row(f"the slowest PATCH beside {name}", "ms", worst, LIMIT, worst / LIMIT)
    yield Row(f"devices per second of {name}", "/s", done[0] / seconds, 0, 0)
