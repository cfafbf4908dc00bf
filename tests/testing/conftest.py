"""A testing server in its own process, on each store."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from signfleet.testing import TestingServer


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestingServer]:
    """The server as the last test of any module left it."""
    folder = tmp_path_factory.mktemp("double")
    if request.param == "sqlite":
        with TestingServer(folder) as server:
            yield server
        return
    postgres = request.getfixturevalue("postgres")
    url = postgres.create()
    with TestingServer(folder, database=url) as server:
        yield server
    postgres.drop(url)


@pytest.fixture
def server(running: TestingServer) -> TestingServer:
    """The server with two players."""
    running.reset(devices=2)
    return running


@pytest.fixture
def admin(server: TestingServer) -> Iterator[httpx.Client]:
    """Calls the API as the administrator."""
    with as_admin(server) as client:
        yield client


def as_admin(server: TestingServer) -> httpx.Client:
    """A client with a new token of the administrator."""
    headers = {"Authorization": f"Bearer {server.token()}"}
    return httpx.Client(base_url=server.api_url, headers=headers, timeout=60)
