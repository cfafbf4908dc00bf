"""A server with a few players, for clients that know only the vendor's host names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from signfleet.app.bootstrap import Tenant
from tests.api import Api
from tests.fronting import RunningFront, running_front
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
    arguments = ("--data", str(data), "--no-access-log", "--legacy-token-endpoint", "--trusted-proxies", "127.0.0.1")
    with running_server(*arguments) as server, Api(server.address, network) as api:
        api.add_players(PLAYERS)
        yield Fleet(server.address, network, list(api.devices()))


@pytest.fixture(scope="session")
def front(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFront]:
    """Answers for the vendor's host names."""
    with running_front(fleet.address, tmp_path_factory.mktemp("front")) as front:
        yield front


@pytest.fixture(scope="session")
def run_client(front: RunningFront) -> RunClient:
    """Runs a script against the server in an interpreter of its own; the script prints its result as JSON."""

    def run(script: str, **arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", script, json.dumps(arguments)],
            env={**os.environ, **front.variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
