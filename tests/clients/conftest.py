"""A server with a few players, for clients that know only the vendor's host names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from signfleet.app.bootstrap import Tenant
from tests.api import Api
from tests.clients.proxy import running_proxy
from tests.running import bootstrapped, running_server

PLAYERS = 3
RunClient = Callable[..., Any]


class Fleet(NamedTuple):
    """A server's address, its network, and its devices as the API shows them."""

    address: str
    network: Tenant
    devices: list[dict[str, Any]]


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A running server with `PLAYERS` devices."""
    data = tmp_path_factory.mktemp("fleet")
    network = bootstrapped(data)
    arguments = ("--data", str(data), "--no-access-log", "--legacy-token-endpoint")
    with running_server(*arguments) as server, Api(server.address, network) as api:
        api.add_players(PLAYERS)
        yield Fleet(server.address, network, list(api.devices()))


@pytest.fixture(scope="session")
def run_client(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunClient]:
    """Runs a script against the server in an interpreter of its own; the script prints its result as JSON."""
    port = urlsplit(fleet.address).port
    assert port is not None
    with running_proxy(port, tmp_path_factory.mktemp("proxy")) as proxy:

        def run(script: str, **arguments: str) -> Any:
            done = subprocess.run(
                [sys.executable, "-c", script, json.dumps(arguments)],
                env={**os.environ, **proxy.environment},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        yield run
