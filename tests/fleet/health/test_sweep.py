"""Health changes by itself when a device falls silent."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.health.sweep import Watch
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
def watch(services: Services) -> Watch:
    return Watch(services.store)


async def report(player: AsyncClient, services: Services, sequence: int = 1, **what: Any) -> int:
    """Report; gives the moment of it in ms."""
    answer = await player.post(f"{PLAYER}/report", json={"sequence": sequence, **what})
    assert answer.status_code == 200
    (row,) = await services.store.scan_all(DEVICES)
    return int(row.status_date)


async def health(admin: AsyncClient) -> tuple[str, str]:
    """The health, and the entity tag that goes with it."""
    answer = await admin.get("/Devices/A1/")
    return answer.json()["status"]["health"], answer.headers["ETag"]


async def test_a_silent_device_is_a_warning_first_and_then_an_error(
    player: AsyncClient, admin: AsyncClient, services: Services, watch: Watch
) -> None:
    reported = await report(player, services)
    seen = [await health(admin)]
    for silence in (10 * MINUTE, 15 * MINUTE):
        assert await watch.judge_due(reported + silence - 1) == 0
        assert await watch.judge_due(reported + silence) == 1
        seen.append(await health(admin))
    assert [word for word, _ in seen] == ["Normal", "Warning", "Error"]
    assert len({tag for _, tag in seen}) == 3
    assert await watch.judge_due(reported + 100 * HOUR) == 0


async def test_silence_can_be_filtered_by(
    player: AsyncClient, admin: AsyncClient, services: Services, watch: Watch
) -> None:
    reported = await report(player, services)
    await watch.judge_due(reported + HOUR)
    filter_ = {"filter": "[Status].[Health] IS 'Error'"}
    assert (await admin.get("/Devices/Count/", params=filter_)).json() == 1


async def test_silence_is_no_change_of_the_device(
    player: AsyncClient, admin: AsyncClient, services: Services, watch: Watch
) -> None:
    reported = await report(player, services)
    before = (await admin.get("/Devices/A1/")).json()
    await watch.judge_due(reported + HOUR)
    after = (await admin.get("/Devices/A1/")).json()
    assert after == before | {"status": before["status"] | {"health": "Error"}}


async def test_a_report_makes_a_silent_device_well_again(
    player: AsyncClient, admin: AsyncClient, services: Services, watch: Watch
) -> None:
    reported = await report(player, services)
    await watch.judge_due(reported + HOUR)
    await report(player, services, 2)
    assert (await health(admin))[0] == "Normal"


async def test_an_error_is_forgotten_while_signs_of_life_go_on(
    player: AsyncClient, admin: AsyncClient, services: Services, watch: Watch
) -> None:
    settings = [{"op": "replace", "path": "/settings/synchronization/status/period/", "value": "12:00:00"}]
    assert (await admin.patch("/Devices/A1/", json=settings)).status_code == 204
    reported = await report(player, services, errors=[{"errorName": "diskError"}])
    assert (await health(admin))[0] == "Warning"
    await watch.judge_due(reported + HOUR)
    assert (await health(admin))[0] == "Normal"


async def test_all_that_are_due_are_judged_however_many(
    call_as: CallAs, setup_token: str, services: Services, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.fleet.health.sweep.BATCH", 2)
    for number in range(5):
        registration = {"serial": f"S{number}", "model": "HD1024", "firmware": "1"}
        answer = await call_as(setup_token).post(f"{PLAYER}/register", json=registration)
        await call_as(answer.json()["access_token"]).post(f"{PLAYER}/report", json={"sequence": 1})
    latest = max(row.status_date for row in await services.store.scan_all(DEVICES))
    assert await watch.judge_due(latest + HOUR) == 5
    assert {row.health for row in await services.store.scan_all(DEVICES)} == {"Error"}


async def test_a_shorter_period_counts_from_the_next_report_on(
    player: AsyncClient, admin: AsyncClient, services: Services, watch: Watch
) -> None:
    async def report_every(period: str) -> None:
        change = {"settings": {"synchronization": {"status": {"period": period}}}}
        assert (await admin.put("/Devices/A1/", json=change)).status_code == 204

    await report_every("01:00:00")
    reported = await report(player, services)
    await report_every("00:05:00")
    await watch.judge_due(reported + 2 * HOUR - 1)
    assert (await health(admin))[0] == "Normal"
    reported = await report(player, services, 2)
    await watch.judge_due(reported + 10 * MINUTE)
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
