"""A get-one beside other work: the 99th percentile of its time, beside the same while the server is quiet

There are 10,000 devices, or BENCH_DEVICES; the server runs as `signfleet serve` does by default and may use every core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from bench import http_load
from bench.servers import Ours, serving_fleet
from bench.size import DEVICES
from bench.table import Row
from tests.api import MAIN

SIGN_INS = 8
ROUNDS, SECONDS = 3, 2.0
#: Seconds for which the other work runs before and after the read is measured.
AROUND = 0.5
GOAL = 2
#: No index serves it, and no device matches: every page of it looks at all of them.
SCANNED = quote("[Settings].[Description] IS 'nowhere to be found'")


def measure() -> Iterator[Row]:
    with serving_fleet(DEVICES, "--legacy-token-endpoint") as ours:
        serial = next(ours.api.devices())["serial"]
        look_up = http_load.request("GET", f"{MAIN}/Devices/{serial}/", ours.headers)
        scan = http_load.request("GET", f"{MAIN}/Devices/?filter={SCANNED}", ours.headers)
        yield _row("an unindexed scan", ours, look_up, scan, 1)
        yield _row(f"{SIGN_INS} sign-ins at a time", ours, look_up, sign_in(ours), SIGN_INS)


def _row(name: str, ours: Ours, look_up: bytes, other: bytes, connections: int) -> Row:
    beside, alone = asyncio.run(
        http_load.p99_beside(ours.port, look_up, other, connections, rounds=ROUNDS, seconds=SECONDS, around=AROUND)
    )
    return Row(f"beside {name}", "ms", beside, alone, beside / alone, at_most=GOAL)


def sign_in(ours: Ours) -> bytes:
    """Returns the request of a person who signs in with a password."""
    tenant = ours.api.network
    form = {"grant_type": "password", "client_id": "bench", "password": tenant.password}
    form["username"] = f"{tenant.network}/{tenant.login}"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return http_load.request("POST", f"{MAIN}/Token", headers, urlencode(form).encode())
