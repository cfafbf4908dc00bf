"""Health and metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from signfleet import __version__
from signfleet.http.application import Application
from signfleet.monitoring.routes import endpoints
from signfleet.monitoring.service import Monitoring
from signfleet.settings import Settings
from signfleet.storage.interface import StorageError, Store

pytestmark = pytest.mark.anyio


def client_of(store: Any) -> httpx.AsyncClient:
    services = {Settings: Settings(), Monitoring: Monitoring(store)}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Application(endpoints, services)), base_url="http://signfleet.test"
    )


class Broken:
    """A store that answers nothing."""

    async def one(self, *_: Any, **__: Any) -> None:
        raise StorageError("disk I/O error")


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(store) as client:
        yield client


@pytest.fixture
async def broken_client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Broken()) as client:
        yield client


async def test_it_is_ready_while_the_store_answers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_it_is_not_ready_while_the_store_does_not_answer(broken_client: httpx.AsyncClient) -> None:
    answer = await broken_client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["error"] == "unavailable"
    assert "Retry-After" in answer.headers


async def test_it_is_alive_whatever_the_store_does(broken_client: httpx.AsyncClient) -> None:
    answer = await broken_client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_the_metrics_count_requests_by_route_and_tell_of_the_process(broken_client: httpx.AsyncClient) -> None:
    await broken_client.get("/Health/Live/")
    answer = await broken_client.get("/metrics", headers={"Accept": "application/openmetrics-text,text/plain;q=0.5"})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'signfleet_requests_total{method="GET",route="/health/live",status="200"}' in answer.text
    assert f'signfleet_info{{version="{__version__}"}} 1.0' in answer.text
    assert "python_info" in answer.text


async def test_no_address_that_is_not_there_becomes_a_metric(broken_client: httpx.AsyncClient) -> None:
    await broken_client.get("/a-secret-of-somebody")
    assert "a-secret-of-somebody" not in (await broken_client.get("/metrics")).text
