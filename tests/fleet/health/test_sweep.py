"""Health changes by time alone when a device stops reporting."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.health.sweep import HealthSweep
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_status, event, health_period
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from tests.conftest import CallAs
from tests.fleet.health.sweeping import PLAYER, Sweep, join

DEVICES = Query(device.select())
STATUSES = Query(device_status.select())
PERIODS = Query(health_period.select())
EVENTS = Query(event.select())


@pytest.fixture
async def player(call_as: CallAs, setup_token: str) -> AsyncClient:
    return await join(call_as, setup_token, "A1")


@pytest.fixture
async def sweep(services: Services) -> Sweep:
    return Sweep(services)


async def report(player: AsyncClient, services: Services, sequence: int = 1, **what: Any) -> int:
    """Sends a report and returns its date in ms."""
    answer = await player.post(f"{PLAYER}/report", json={"sequence": sequence, **what})
    assert answer.status_code == 200
    (row,) = await services.store.scan_all(STATUSES)
    return int(row.status_date)


async def health(admin: AsyncClient) -> tuple[str, str]:
    """Returns the health and the entity tag."""
    answer = await admin.get("/Devices/A1/")
    return answer.json()["status"]["health"], answer.headers["ETag"]


async def test_a_silent_device_becomes_a_warning_and_then_an_error(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: Sweep
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
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: Sweep
) -> None:
    reported = await report(player, services)
    await sweep.run(reported + HOUR)
    filter_ = {"filter": "[Status].[Health] IS 'Error'"}
    assert (await admin.get("/Devices/Count/", params=filter_)).json() == 1


async def test_a_sweep_changes_nothing_but_the_health(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: Sweep
) -> None:
    reported = await report(player, services)
    before = (await admin.get("/Devices/A1/")).json()
    await sweep.run(reported + HOUR)
    after = (await admin.get("/Devices/A1/")).json()
    assert after == before | {"status": before["status"] | {"health": "Error"}}


async def test_a_report_restores_the_health_of_a_silent_device(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: Sweep
) -> None:
    reported = await report(player, services)
    await sweep.run(reported + HOUR)
    await report(player, services, 2)
    assert (await health(admin))[0] == "Normal"


async def test_an_error_ages_without_a_new_report(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: Sweep
) -> None:
    settings = [{"op": "replace", "path": "/settings/synchronization/status/period/", "value": "12:00:00"}]
    assert (await admin.patch("/Devices/A1/", json=settings)).status_code == 204
    reported = await report(player, services, errors=[{"errorName": "diskError"}])
    assert (await health(admin))[0] == "Warning"
    await sweep.run(reported + HOUR)
    assert (await health(admin))[0] == "Normal"


async def test_a_sweep_evaluates_more_than_one_batch(
    call_as: CallAs, setup_token: str, services: Services, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.fleet.health.sweep.BATCH", 2)
    for number in range(5):
        player = await join(call_as, setup_token, f"S{number}")
        await player.post(f"{PLAYER}/report", json={"sequence": 1})
    latest = max(row.status_date for row in await services.store.scan_all(STATUSES))
    assert await sweep.run(latest + HOUR) == 5
    assert {row.health for row in await services.store.scan_all(DEVICES)} == {"Error"}


async def test_a_shorter_period_counts_from_the_next_report_on(
    player: AsyncClient, admin: AsyncClient, services: Services, sweep: Sweep
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


async def test_a_server_that_was_down_does_not_make_devices_silent(
    player: AsyncClient, admin: AsyncClient, services: Services
) -> None:
    """The sweeps come at times that the system's clock has, so that a gap between them is an outage."""
    sweep = HealthSweep(services.store)
    reported = await report(player, services)
    up = reported + 23 * MINUTE
    assert await sweep.run(reported + 3 * MINUTE) == 0
    assert await sweep.run(up) == 1  # 20 minutes later
    seen = [await health(admin)]
    now = up
    while now < up + 15 * MINUTE:
        now += MINUTE
        await sweep.run(now)
        seen.append(await health(admin))
    words = [word for word, _ in seen]
    assert words == 10 * ["Normal"] + 5 * ["Warning"] + ["Error"]


async def test_what_was_silent_before_an_outage_stays_silent(
    player: AsyncClient, admin: AsyncClient, services: Services
) -> None:
    sweep = HealthSweep(services.store)
    reported = await report(player, services)
    seen = {}
    for later in (*range(11), *range(40, 56)):
        await sweep.run(reported + later * MINUTE)
        seen[later] = (await health(admin))[0]
    assert [later for later, word in seen.items() if word == "Warning"] == [10, *range(40, 55)]
    assert seen[55] == "Error"


async def test_one_of_several_servers_is_enough_to_hear_reports(
    player: AsyncClient, admin: AsyncClient, services: Services
) -> None:
    reported = await report(player, services)
    stopped, running = HealthSweep(services.store), HealthSweep(services.store)
    await stopped.run(reported)
    for later in range(10):
        await running.run(reported + later * MINUTE)
    await stopped.run(reported + 10 * MINUTE)
    assert (await health(admin))[0] == "Warning"
    *_, last = [row for row in await services.store.scan_all(EVENTS) if row.kind == "HealthChanged"]
    data = msgspec.json.decode(last.data)
    assert (data["code"], datetime.parse(data["date"])) == ("silent", reported)  # for clients with other languages


async def test_an_event_says_what_is_free_of_a_storage(player: AsyncClient, services: Services) -> None:
    stats = {"sizeTotal": 1000, "sizeFree": 4}
    await report(player, services, status={"storage": [{"interface": "SD1", "access": "ReadWrite", "stats": stats}]})
    (found,) = [row for row in await services.store.scan_all(EVENTS) if row.kind == "HealthChanged"]
    data = msgspec.json.decode(found.data)
    assert (data["code"], data["subject"], data["freePercent"]) == ("storageFull", "SD1", 0.4)


async def test_an_unchanged_health_writes_nothing_more(
    player: AsyncClient, services: Services, admin: AsyncClient
) -> None:
    storage = [{"interface": "SD1", "access": "Read"}]
    await report(player, services, status={"storage": storage})
    (before,) = await services.store.scan_all(DEVICES)
    await report(player, services, 2, status={"storage": storage})
    await report(player, services, 3)
    (after,) = await services.store.scan_all(DEVICES)
    assert (before.health_since, before.health_reason) == (after.health_since, "storageReadOnly")
    assert len(await services.store.scan_all(PERIODS)) == 1  # of Unknown
    found = [row for row in await services.store.scan_all(EVENTS) if row.kind == "HealthChanged"]
    assert [msgspec.json.decode(row.data) for row in found] == [
        {"from": "Unknown", "to": "Error", "reason": "SD1 read-only", "code": "storageReadOnly", "subject": "SD1"}
    ]
