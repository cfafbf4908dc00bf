"""Remote DWS over sockets: callers that vanish, a server that is killed and started again, many calls at once."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from signfleet.app.bootstrap import Tenant
from tests.api import Api
from tests.clients.crew import SERIALS, running_crew
from tests.running import PATIENCE, Running, bootstrapped, running_server

SERIAL = "A1"
#: Seconds within which the server notices that a caller has left; an answer would be awaited for 25.
NOTICED = 15
#: More than a network may have waiting at a time.
CALLERS = 100
WHO = {"destinationType": "player", "destinationName": SERIAL}
CHANGE = {"data": {"value": 1}}


@contextmanager
def server_of(data: Path) -> Iterator[Running]:
    with running_server("--data", str(data), "--no-access-log") as server:
        yield server


def joined(api: Api) -> httpx.Client:
    """Registers a player that answers by hand; returns its client."""
    http = httpx.Client(base_url=api.address, timeout=PATIENCE)
    setup = {"Authorization": f"Bearer {api.setup_token()}"}
    about = {"serial": SERIAL, "model": "HD1024", "firmware": "9.0.100"}
    made = http.post("/player/v1/register", json=about, headers=setup).raise_for_status().json()
    http.headers["Authorization"] = f"Bearer {made['access_token']}"
    return http


def taken(player: httpx.Client) -> dict[str, Any]:
    (got,) = player.get("/player/v1/commands?wait=20").json()
    return dict(got)


def pushed(player: httpx.Client) -> dict[str, Any]:
    """Returns the first command of the event stream, and cuts the stream."""
    with player.stream("GET", "/player/v1/events") as stream:
        line = next(line for line in stream.iter_lines() if '"arguments"' in line)
        return dict(json.loads(line.removeprefix("data:")))


def state_of(api: Api, command: int) -> str:
    return str(api.http.get(f"/admin/v1/commands/{command}/").json()["state"])


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tenant]:
    data = tmp_path_factory.mktemp("data")
    return data, bootstrapped(data)


def test_what_outlives_callers_and_the_server(tenant: tuple[Path, Tenant]) -> None:
    data, network = tenant
    with ThreadPoolExecutor(2) as callers:
        with server_of(data) as server, Api(server.address, network) as api, closing(joined(api)) as player:
            # A caller that vanishes takes its request along.
            target = f"/rest/v1/logs/?{urlencode(WHO)}"
            head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
            address = urlsplit(server.address)
            with socket.create_connection((address.hostname or "", address.port or 0)) as caller:
                caller.sendall(head.encode())
                got = taken(player)
            deadline = time.monotonic() + NOTICED
            while state_of(api, got["id"]) != "cancelled":
                assert time.monotonic() < deadline, "the request of a caller that has gone is cancelled"
                time.sleep(0.05)
            late = player.post(f"/player/v1/commands/{got['id']}", json={"state": "succeeded", "result": {}})
            assert late.status_code < 500
            # The stream of a player is cut before it begins: it gets the request again.
            asked = callers.submit(api.http.get, "/rest/v1/logs/", params=WHO)
            cut = pushed(player)
            assert pushed(player) == cut
            said = {"state": "succeeded", "result": {"status": 200, "data": "log"}}
            player.post(f"/player/v1/commands/{cut['id']}", json=said).raise_for_status()
            assert asked.result().json()["data"]["result"] == "log"
            # The server is killed while a player carries a change out.
            asked = callers.submit(api.http.put, "/rest/v1/registry/a/b/", params=WHO, json=CHANGE)
            change = taken(player)
            player.post(f"/player/v1/commands/{change['id']}", json={"state": "running"}).raise_for_status()
            server.stop(signal.SIGKILL)
            with pytest.raises(httpx.HTTPError):
                asked.result()
            token = player.headers["Authorization"]
        with (
            server_of(data) as server,
            Api(server.address, network) as api,
            httpx.Client(base_url=server.address, headers={"Authorization": token}, timeout=PATIENCE) as player,
        ):
            again = callers.submit(api.http.put, "/rest/v1/registry/a/b/", params=WHO, json=CHANGE)
            time.sleep(0.5)  # the repeat finds the first one rather than its answer
            answer = {"state": "succeeded", "result": {"status": 200, "data": {"success": True}}}
            player.post(f"/player/v1/commands/{change['id']}", json=answer).raise_for_status()
            assert again.result().json()["data"]["result"] == {"success": True}
            assert player.get("/player/v1/commands").status_code == 204, "it is done once"


def test_answers_to_calls_at_once_are_not_mixed_up(tenant: tuple[Path, Tenant]) -> None:
    data, network = tenant
    with (
        server_of(data) as server,
        Api(server.address, network) as api,
        running_crew(server.address, api.setup_token(), faults=("cut-answers",)),
        ThreadPoolExecutor(CALLERS) as callers,
    ):

        def info(serial: str) -> Any:
            who = {"destinationType": "player", "destinationName": serial}
            while (answer := api.http.get("/rest/v1/info/", params=who)).status_code == 429:
                time.sleep(1)
            return answer.json()

        serials = (SERIALS * CALLERS)[:CALLERS]
        answers = list(callers.map(info, serials))
    assert [answer["data"]["result"]["serial"] for answer in answers] == serials
    assert not any("isFromLastReport" in answer["data"]["result"] for answer in answers)
