"""Health and metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from signfleet import __version__
from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import StorageError
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.monitoring.gauges import Gauges, single
from signfleet.web.monitoring.readiness import Readiness
from signfleet.web.monitoring.routes import endpoints
from tests.conftest import ON_SQLITE, ROOT
from tests.fleet.devices.stored import register


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
        Gauges: Gauges(),
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


async def test_parts_are_measured_when_somebody_asks(
    admin: httpx.AsyncClient, services: Services, network: Tenant
) -> None:
    async def fails() -> Any:
        raise StorageError("no connection")

    async def succeeds() -> Any:
        return [single("signfleet_answer", "The answer.", 42)]

    services.gauges.add("broken", fails)
    services.gauges.add("other", succeeds)
    await register(services.store, network.network_id, ["A1", "A2"])
    await services.background.run_all()
    text = (await admin.get(f"{ROOT}/metrics")).text
    for line in (
        f'signfleet_devices{{health="Unknown",network="{network.network}"}} 2.0',
        'signfleet_outbox_messages{channel="mail",state="waiting"} 0.0',
        'signfleet_metrics_source_up{source="broken"} 0.0',
        'signfleet_metrics_source_up{source="health"} 1.0',
        "signfleet_answer 42.0",
        'signfleet_alerts{state="open"} 0.0',
        'signfleet_commands{state="queued"} 0.0',
    ):
        assert line in text.splitlines(), (line, text)
    has_pool = "signfleet_store_connections{" in text
    assert has_pool == (services.store.dialect == "postgresql")
    assert ("\nsignfleet_store_writes_waiting " in text) != has_pool


PAGES = ("/metrics", "/docs", "/openapi.json")


@ON_SQLITE
@pytest.mark.settings(monitoring_token="a secret of operators")
async def test_a_setting_asks_for_a_secret(client: httpx.AsyncClient) -> None:
    for page in PAGES:
        refused = await client.get(f"{ROOT}{page}")
        assert (refused.status_code, refused.headers["WWW-Authenticate"].partition(" ")[0]) == (401, "Basic")
        for wrong in ("Bearer wrong", "Basic !", "Basic d3Jvbmc=", "Basic Ondyb25n"):
            assert (await client.get(f"{ROOT}{page}", headers={"Authorization": wrong})).status_code == 401
        bearer = {"Authorization": "Bearer a secret of operators"}
        assert (await client.get(f"{ROOT}{page}", headers=bearer)).status_code == 200
        assert (await client.get(f"{ROOT}{page}", auth=("anybody", "a secret of operators"))).status_code == 200
    assert (await client.get(f"{ROOT}/health/live")).status_code == 200


@ON_SQLITE
@pytest.mark.settings(monitoring_port=9100)
async def test_a_setting_answers_on_another_port_alone(client: httpx.AsyncClient) -> None:
    for page in PAGES:
        assert (await client.get(f"{ROOT}{page}")).status_code == 404
        assert (await client.get(f"http://127.0.0.1:9100{page}")).status_code == 200
