"""Health changes by time alone when a device stops reporting."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.health.sweep import HealthSweep
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from tests.conftest import ROOT, CallAs

PLAYER = f"{ROOT}/player/v1"
DEVICES = Query(device.select())


@pytest.fixture
async def player(call_as: CallAs, setup_token: str) -> AsyncClient:
    registration = {"serial": "A1", "model": "HD1024", "firmware": "9.0.1"}
    answer = await call_as(setup_token).post(f"{PLAYER}/register", json=registration)
    return call_as(answer.json()["access_token"])


@pytest.fixture
def sweep(services: Services) -> HealthSweep:
    return HealthSweep(services.store)


async def report(player: AsyncClient, services: Services, sequence: int = 1, **what: Any) -> int:
    """Sends a report and returns its date in ms."""
    answer = await player.post(f"{PLAYER}/report", json={"sequence": sequence, **what})
    assert answer.status_code == 200
    (row,) = await services.store.scan_all(DEVICES)
    return int(row.status_date)


async def health(admin: AsyncClient) -> tuple[str, str]:
    """Returns the health and the entity tag."""
    answer = await admin.get("/Devices/A1/")
    return answer.json()["status"]["health"], answer.headers["ETag"]


async def test_a_silent_device_becomes_a_warning_and_then_an_error(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: HealthSweep
) -> None:
    reported = await report(player, services)
    seen = [await health(admin)]
    for silence in (10 * MINUTE, 15 * MINUTE):
        assert await sweep.run(reported + silence - 1) == 0
        assert await sweep.run(reported + silence) == 1
        seen.append(await health(admin))
    assert [word for word, _ in seen] == ["Normal", "Warning", "Error"]
    assert len({tag for _, tag in seen}) == 3
    assert await sweep.run(reported + 100 * HOUR) == 0


async def test_filters_match_the_health_after_a_sweep(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: HealthSweep
) -> None:
    reported = await report(player, services)
    await sweep.run(reported + HOUR)
    filter_ = {"filter": "[Status].[Health] IS 'Error'"}
    assert (await admin.get("/Devices/Count/", params=filter_)).json() == 1


async def test_a_sweep_changes_nothing_but_the_health(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: HealthSweep
) -> None:
    reported = await report(player, services)
    before = (await admin.get("/Devices/A1/")).json()
    await sweep.run(reported + HOUR)
    after = (await admin.get("/Devices/A1/")).json()
    assert after == before | {"status": before["status"] | {"health": "Error"}}


async def test_a_report_restores_the_health_of_a_silent_device(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: HealthSweep
) -> None:
    reported = await report(player, services)
    await sweep.run(reported + HOUR)
    await report(player, services, 2)
    assert (await health(admin))[0] == "Normal"


async def test_an_error_ages_without_a_new_report(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: HealthSweep
) -> None:
    settings = [{"op": "replace", "path": "/settings/synchronization/status/period/", "value": "12:00:00"}]
    assert (await admin.patch("/Devices/A1/", json=settings)).status_code == 204
    reported = await report(player, services, errors=[{"errorName": "diskError"}])
    assert (await health(admin))[0] == "Warning"
    await sweep.run(reported + HOUR)
    assert (await health(admin))[0] == "Normal"


async def test_a_sweep_evaluates_more_than_one_batch(
    call_as: CallAs, setup_token: str, services: Services, sweep: HealthSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.fleet.health.sweep.BATCH", 2)
    for number in range(5):
        registration = {"serial": f"S{number}", "model": "HD1024", "firmware": "1"}
        answer = await call_as(setup_token).post(f"{PLAYER}/register", json=registration)
        await call_as(answer.json()["access_token"]).post(f"{PLAYER}/report", json={"sequence": 1})
    latest = max(row.status_date for row in await services.store.scan_all(DEVICES))
    assert await sweep.run(latest + HOUR) == 5
    assert {row.health for row in await services.store.scan_all(DEVICES)} == {"Error"}


async def test_a_shorter_period_counts_from_the_next_report_on(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: HealthSweep
) -> None:
    async def report_every(period: str) -> None:
        change = {"settings": {"synchronization": {"status": {"period": period}}}}
        assert (await admin.put("/Devices/A1/", json=change)).status_code == 204

    await report_every("01:00:00")
    reported = await report(player, services)
    await report_every("00:05:00")
    await sweep.run(reported + 2 * HOUR - 1)
    assert (await health(admin))[0] == "Normal"
    reported = await report(player, services, 2)
    await sweep.run(reported + 10 * MINUTE)
    assert (await health(admin))[0] == "Warning"


async def test_a_device_that_never_reported_is_unknown_to_filters_and_regions(
    player: AsyncClient, admin: AsyncClient
) -> None:
    change = {"settings": {"location": {"country": "DE"}}}
    assert (await admin.put("/Devices/A1/", json=change)).status_code == 204
    assert (await admin.get("/Devices/A1/")).json()["status"] is None
    filter_ = {"filter": "[Status].[Health] IS 'Unknown'"}
    assert (await admin.get("/Devices/Count/", params=filter_)).json() == 1
    assert (await admin.get("/Devices/Regions/DE/")).json()[0]["devicesHealthStatus"] == ["Unknown"]
