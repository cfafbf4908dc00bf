"""Requests over HTTP, beside an ASGI app that answers the same bytes

There are 10,000 devices, or BENCH_DEVICES. Ours runs as `signfleet serve` does by default, its access log in a file;
the other app only answers. Both run on uvicorn with uvloop and httptools, in two processes on the same core; a load
generator on another core asks them in turns over keep-alive connections, uncompressed unless a row names gzip. For
gzip, the reference is our own plain list. The figures are answers per second of the CPU time of the server, of all its
threads: with a core of its own, that is what it answers in a second.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote, urlencode

from bench import http_load
from bench.reporting import reporting_players
from bench.servers import LOAD, SERVERS, SWEEP_PERIOD, Ours, running_bare, serving_fleet, wait_until_idle
from bench.size import DEVICES
from bench.table import Row
from tests.api import MAIN

PAGE = 100
CONNECTIONS = 16
#: A player may send a burst and then two requests a second, so there are many; each connection is of several.
PLAYERS, REPORTING = 512, 64
ROUNDS, SECONDS = 5, 0.4
UNIT = "per CPU s"

MATCHING = f"filter={quote('[Model] IS NOT ')}%27HD1024%27&sort={quote('[Settings].[Name] ASC')}"
OPENID = "/realms/bsncloud/protocol/openid-connect/token"
TAG = "string::[Device].<Bench>"

Scripts = Sequence[http_load.Script]


def measure() -> Iterator[Row]:
    with serving_fleet(DEVICES) as ours:
        http_load.use_core(ours.server.process, SERVERS)
        loads = {**_reads(ours), **_writes(ours), **_tokens(ours)}
        goals = {"get one device": 0.60, f"list {PAGE} devices": 0.35, f"list {PAGE}, filter, sort, counts": 0.20}
        goals["issue a token"] = 0.40
        reports = reporting_players(ours.api, PLAYERS)
        wait_until_idle(ours.server, quiet=SWEEP_PERIOD)
        answers = _answers(ours.port, [*itertools.chain(*loads.values()), reports[0]])
        loads["report with a status"] = _by_connection(reports)
        with running_bare(answers) as bare, http_load.on_core(LOAD):
            for name, scripts in loads.items():
                yield _row(name, ours.server, bare, scripts, goals.get(name))
            yield _gzip(ours)


def _row(name: str, ours: http_load.Server, bare: http_load.Server, scripts: Scripts, goal: float | None) -> Row:
    connections = max(CONNECTIONS, len(scripts))
    result = asyncio.run(
        http_load.compare(ours, bare, scripts, connections=connections, rounds=ROUNDS, seconds=SECONDS)
    )
    return Row(name, UNIT, result.ours, result.bare, result.ratio, at_least=goal)


def _answers(port: int, scripts: Scripts) -> dict[str, http_load.Answer]:
    """Asks each request once; returns the answers by method and target."""
    payloads = [payload for script in scripts for payload in ([script()] if callable(script) else script)]
    return {
        " ".join(payload.split(b"\r\n", 1)[0].decode().split(" ")[:2]): asyncio.run(http_load.ask(port, payload))
        for payload in payloads
    }


def _reads(ours: Ours) -> dict[str, Scripts]:
    serial = next(ours.api.devices())["serial"]
    page = f"{MAIN}/Devices/?pageSize={PAGE}"
    targets = {
        "get one device": f"{MAIN}/Devices/{serial}/",
        f"list {PAGE} devices": page,
        f"list {PAGE}, filter, sort, counts": f"{page}&{MATCHING}",
        "regions of all devices": f"{MAIN}/Devices/Regions/",
    }
    return {name: [[http_load.request("GET", target, ours.headers)]] for name, target in targets.items()}


def _gzip(ours: Ours) -> Row:
    target = f"{MAIN}/Devices/?pageSize={PAGE}"
    plain = http_load.request("GET", target, ours.headers)
    zipped = http_load.request("GET", target, ours.headers | {"Accept-Encoding": "gzip"})
    result = asyncio.run(
        http_load.compare(ours.server, ours.server, zipped, reference=plain, rounds=ROUNDS, seconds=SECONDS)
    )
    return Row(f"list {PAGE} with gzip, beside plain", UNIT, result.ours, result.bare, result.ratio, 0.7)


def _tokens(ours: Ours) -> dict[str, Scripts]:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    tenant = ours.api.network
    form = {"grant_type": "client_credentials", "client_id": tenant.client_id, "client_secret": tenant.client_secret}
    return {"issue a token": [[http_load.request("POST", OPENID, headers, urlencode(form).encode())]]}


# --- changes: each connection changes a device of its own


def _writes(ours: Ours) -> dict[str, Scripts]:
    devices = ours.api.devices()
    serials = [next(devices)["serial"] for _ in range(CONNECTIONS)]
    return {
        "patch one device": [changes(serial, ours.headers) for serial in serials],
        "add and delete a tag": [_tags(serial, ours.headers) for serial in serials],
    }


def changes(serial: str, headers: Mapping[str, str]) -> list[bytes]:
    """Returns two changes of a device that undo one another, so that each of them writes."""
    bodies = ([{"op": "replace", "path": "/settings/description/", "value": text}] for text in ("one", "other"))
    return [_write("PATCH", f"{serial}/", body, headers) for body in bodies]


def _tags(serial: str, headers: Mapping[str, str]) -> list[bytes]:
    target = f"{serial}/Tags/"
    return [_write("POST", target, {TAG: "x"}, headers), _write("DELETE", target, [TAG], headers)]


def _write(method: str, target: str, body: object, headers: Mapping[str, str]) -> bytes:
    sent = {**headers, "Content-Type": "application/json"}
    return http_load.request(method, f"{MAIN}/Devices/{target}", sent, json.dumps(body).encode())


def _by_connection(reports: Sequence[Callable[[], bytes]]) -> Scripts:
    """Divides the players among the connections; those of one connection take turns."""
    return [_taking_turns(reports[number::REPORTING]) for number in range(REPORTING)]


def _taking_turns(players: Sequence[Callable[[], bytes]]) -> Callable[[], bytes]:
    turns = (report() for report in itertools.cycle(players))
    return turns.__next__
