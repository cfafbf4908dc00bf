"""Only a server started for tests can be emptied, and it uses no other store."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from httpx import AsyncClient

from signfleet.testing import TestingServer
from signfleet.testing.routes import endpoints
from signfleet.web.http.endpoint import Endpoint
from tests.conftest import ON_SQLITE, ROOT
from tests.preloaded import Command
from tests.running import PATIENCE, bootstrapped, environment


def serve(*arguments: str | Path) -> tuple[int | None, str]:
    """Runs a server that ends by itself; returns its exit code and its errors."""
    with Command(["serve", "--port", "0", *map(str, arguments)], environment()) as process:
        _, errors = process.communicate(PATIENCE)
        return process.returncode, errors


@ON_SQLITE
@pytest.mark.parametrize("endpoint", endpoints, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
async def test_an_ordinary_server_has_no_such_route(client: AsyncClient, endpoint: Endpoint) -> None:
    unknown = await client.request(endpoint.method, f"{ROOT}/nowhere/v1/", json={})
    answer = await client.request(endpoint.method, f"{ROOT}{endpoint.path}", json={})
    assert (answer.status_code, answer.json()) == (404, unknown.json())


@ON_SQLITE
async def test_the_reference_of_an_ordinary_server_omits_them(client: AsyncClient) -> None:
    assert "/testing/" not in (await client.get(f"{ROOT}/openapi.json")).text


def test_the_reference_of_a_testing_server_has_them(running: TestingServer) -> None:
    paths = httpx.get(f"{running.base_url}/openapi.json", timeout=60).json()["paths"]
    assert {endpoint.path for endpoint in endpoints} <= paths.keys()


def test_a_store_in_use_is_refused(tmp_path: Path) -> None:
    bootstrapped(tmp_path)
    status, errors = serve("--testing", "--data", tmp_path)
    assert status == 1
    assert "This store is in use; a testing server empties its store" in errors


def test_an_ordinary_server_refuses_a_store_of_tests(tmp_path: Path) -> None:
    with TestingServer(tmp_path) as server:
        data = server.data
    status, errors = serve("--data", data)
    assert status == 1
    assert "belongs to a testing server, whose credentials are public" in errors
    with TestingServer(tmp_path) as server:
        assert server.installation()["devices"]


def test_other_machines_need_a_setting(tmp_path: Path) -> None:
    status, errors = serve("--testing", "--data", tmp_path / "one", "--host", "0.0.0.0")
    assert status == 1
    assert "anybody who reaches 0.0.0.0 could erase the store" in errors
    with TestingServer(tmp_path / "two", host="0.0.0.0", testing_beyond_loopback=True) as server:
        assert httpx.get(f"{server.base_url}/health/ready").status_code == 200
        assert "tests may erase this store" in (tmp_path / "two" / "server.log").read_text()
