"""Health and metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from signfleet import __version__
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import StorageError
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.monitoring.readiness import Readiness
from signfleet.web.monitoring.routes import endpoints
from tests.conftest import ROOT


class Broken:
    """A store, and a place of files, that answers nothing."""

    async def one(self, *_: Any, **__: Any) -> None:
        raise StorageError("disk I/O error")

    write = put = one


@pytest.fixture
async def broken_client() -> AsyncIterator[httpx.AsyncClient]:
    broken: Any = Broken()
    no_gate: Any = None  # all of these endpoints are public
    services = {
        Settings: Settings(),
        Readiness: Readiness(broken, broken, Settings(database="postgresql:///x")),
    }
    transport = httpx.ASGITransport(AsgiApp(endpoints, services, no_gate))
    async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
        yield client


async def test_it_is_ready_while_database_and_files_can_be_written(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_it_is_not_ready_while_they_cannot_and_names_what_fails(broken_client: httpx.AsyncClient) -> None:
    answer = await broken_client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["error"] == "unavailable"
    assert answer.json()["message"] == (
        "Not ready: the database cannot be read, the database cannot be written, files cannot be written."
    )
    assert "Retry-After" in answer.headers


async def test_it_is_alive_even_if_the_store_fails(broken_client: httpx.AsyncClient) -> None:
    answer = await broken_client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_metrics_count_requests_by_route_and_describe_the_process(broken_client: httpx.AsyncClient) -> None:
    await broken_client.get("/Health/Live/")
    answer = await broken_client.get("/metrics", headers={"Accept": "application/openmetrics-text,text/plain;q=0.5"})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'signfleet_requests_total{method="GET",route="/health/live",status="200"}' in answer.text
    assert f'signfleet_info{{version="{__version__}"}} 1.0' in answer.text
    assert "python_info" in answer.text


async def test_unknown_paths_do_not_become_metrics(broken_client: httpx.AsyncClient) -> None:
    await broken_client.get("/a-secret-of-somebody")
    assert "a-secret-of-somebody" not in (await broken_client.get("/metrics")).text
