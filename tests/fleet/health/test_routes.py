"""/admin/v1/health/: the health of devices, why and since when, its history and the uptime."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.store import STATUS_OF_DEVICE
from signfleet.fleet.health.retention import HealthRetention
from signfleet.fleet.health.schemas import Uptime, Uptimes
from signfleet.fleet.health.uptime import read_uptimes
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_status
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_SCREENSHOTS
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.health.sweeping import PLAYER, Sweep, join, report
from tests.identity.access.granted import grant
from tests.world import a_picture

HEALTH = f"{ROOT}/admin/v1/health"
DEVICES = Query(device.select().order_by(device.c.serial))
REPORTED = Query(
    select(device.c.serial, device_status.c.status_date).join_from(device, device_status, STATUS_OF_DEVICE)
)


@pytest.fixture
async def players(call_as: CallAs, setup_token: str) -> dict[str, AsyncClient]:
    """Four players: A1 is well, A2 cannot write, A3 had an error, A4 never reported."""
    players = {serial: await join(call_as, setup_token, serial) for serial in ("A1", "A2", "A3", "A4")}
    await report(players["A1"])
    await report(players["A2"], status={"storage": [{"interface": "SD1", "access": "Read"}]})
    await report(players["A3"], errors=[{"errorName": "RealizeFailure"}])
    return players


async def listed(client: AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{HEALTH}/", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def date_of(services: Services, serial: str) -> int:
    """Returns the date of the last report of a device, in ms."""
    return next(int(row.status_date) for row in await services.store.scan_all(REPORTED) if row.serial == serial)


async def test_each_health_has_its_reason_and_date(
    admin: AsyncClient, players: dict[str, AsyncClient], services: Services
) -> None:
    found = {item["serial"]: item for item in await listed(admin)}
    assert {serial: (item["health"], item["reason"] and item["reason"]["text"]) for serial, item in found.items()} == {
        "A1": ("Normal", None),
        "A2": ("Error", "SD1 read-only"),
        "A3": ("Warning", "error RealizeFailure just now"),
        "A4": ("Unknown", "has never reported"),
    }
    reported = datetime.format(await date_of(services, "A2"))
    assert found["A2"] == {
        "id": found["A2"]["id"],
        "serial": "A2",
        "name": "A2",
        "model": "HD1024",
        "group": {"id": found["A2"]["group"]["id"], "name": "Default"},
        "health": "Error",
        "reason": {
            "code": "storageReadOnly",
            "date": None,
            "subject": "SD1",
            "freePercent": None,
            "text": "SD1 read-only",
        },
        "since": reported,
        "lastReport": reported,
        "picture": None,
        "settings": "unknown",
    }


async def test_silence_names_the_last_report(
    admin: AsyncClient, players: dict[str, AsyncClient], services: Services
) -> None:
    reported = await date_of(services, "A1")
    await Sweep(services).run(reported + 10 * MINUTE)
    await Sweep(services).run(reported + 15 * MINUTE)
    (item,) = await listed(admin, filter="[Serial] IS 'A1'")
    assert item["reason"]["code"] == "silent"
    assert item["reason"]["date"] == item["lastReport"] == datetime.format(reported)
    assert item["since"] == datetime.format(reported + 15 * MINUTE)


@pytest.mark.parametrize(
    ("expression", "serials"),
    [
        ("[Reason].[Code] IS IN ('storageReadOnly', 'deviceError')", ["A2", "A3"]),
        ("[Reason].[Subject] IS 'realizefailure'", ["A3"]),
        ("[Reason] IS NULL", ["A1"]),
        ("[Health] IS 'Error' AND [Group].[Name] IS 'Default'", ["A2"]),
        ("[Since] IS AFTER '2020-01-01T00:00:00Z' AND [LastReport] IS NULL", ["A4"]),
        (
            "[Since] NOT IN THE LAST (days, 7, '2024-03-13T00:00:00Z') AND [Name] CONTAINS 'A'",
            ["A1", "A2", "A3", "A4"],
        ),
        ("[Reason].[FreePercent] IS LESS THAN 5", []),
        ("[Status].[Storage] IS NULL", None),
    ],
)
async def test_health_is_filtered_by_its_reason_and_by_the_device(
    admin: AsyncClient, players: dict[str, AsyncClient], expression: str, serials: list[str] | None
) -> None:
    answer = await admin.get(f"{HEALTH}/", params={"filter": expression})
    if serials is None:
        assert (answer.status_code, "Unknown property" in answer.text) == (400, True)
        return
    assert [item["serial"] for item in answer.json()["items"]] == serials
    assert (await admin.get(f"{HEALTH}/count/", params={"filter": expression})).json() == len(serials)


async def test_pages_sorted_by_date_are_together_the_whole_list(
    admin: AsyncClient, players: dict[str, AsyncClient]
) -> None:
    pages: list[Any] = []
    query = {"sort": "[Since] DESC", "pageSize": "3"}
    while True:
        page = (await admin.get(f"{HEALTH}/", params=query)).json()
        pages.append([item["serial"] for item in page["items"]])
        assert page["totalItemCount"] == 4
        if page["nextMarker"] is None:
            break
        query["marker"] = page["nextMarker"]
    assert pages == [["A3", "A2", "A1"], ["A4"]]


async def test_callers_see_the_health_and_pictures_that_they_may_see(
    admin: AsyncClient,
    players: dict[str, AsyncClient],
    sign_in: SignIn,
    call_as: CallAs,
    services: Services,
    network: Tenant,
) -> None:
    taken = datetime.format(await date_of(services, "A1"))
    sent = await players["A1"].put(
        f"{PLAYER}/screenshots/{taken}", content=a_picture(), headers={"Content-Type": "image/jpeg"}
    )
    assert sent.status_code == 201, sent.text
    (item,) = await listed(admin, filter="[Serial] IS 'A1'")
    assert item["picture"]["date"] == taken
    assert (await admin.get(item["picture"]["link"])).status_code == 200
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    user = await services.users.find(network.network_id, "viewer@example.com")
    assert user is not None
    for serial, operation in (("A1", VIEW_SCREENSHOTS), ("A2", VIEW_DEVICE)):
        found = await admin.get(f"/Devices/{serial}/")
        await grant(
            services.store,
            network.network_id,
            operation,
            user_id=user.id,
            entity_id=found.json()["id"],
            allowed=False,
        )
    seen = (await viewer.get(f"{HEALTH}/")).json()
    assert [(item["serial"], item["picture"]) for item in seen["items"]] == [("A1", None), ("A3", None), ("A4", None)]
    assert seen["totalItemCount"] == 3
    for path in ("A2/", "A2/periods/"):
        assert (await viewer.get(f"{HEALTH}/{path}")).status_code == 404


async def test_the_history_of_a_device_is_a_list_of_periods(
    admin: AsyncClient, players: dict[str, AsyncClient], services: Services
) -> None:
    reported = await date_of(services, "A1")
    for later in (10 * MINUTE, 15 * MINUTE):
        await Sweep(services).run(reported + later)
    answer = await admin.get(f"{HEALTH}/A1/periods/")
    assert [(item["health"], item["reason"] and item["reason"]["text"]) for item in answer.json()["items"]] == [
        ("Warning", f"silent since {datetime.format(reported // 1000 * 1000)}"),
        ("Normal", None),
        ("Unknown", "has never reported"),
    ]
    dates = [(item["since"], item["until"]) for item in answer.json()["items"]]
    assert [since for since, _ in dates[:2]] == [until for _, until in dates[1:]]
    query = {"filter": "[Health] IS 'Warning' AND [Reason].[Code] IS 'silent'", "sort": "[Since] ASC"}
    assert (await admin.get(f"{HEALTH}/A1/periods/", params=query)).json()["matchingItemCount"] == 1


async def test_uptime_is_the_share_without_errors(
    admin: AsyncClient, players: dict[str, AsyncClient], services: Services
) -> None:
    reported = await date_of(services, "A1")
    for later in (10 * MINUTE, 15 * MINUTE):
        await Sweep(services).run(reported + later)
    (row, *_) = await services.store.scan_all(DEVICES)

    async def uptime_at(later: int) -> Uptimes:
        return await read_uptimes(services.store, row, reported + later)

    window = Uptime(percent=75.0, normal="00:10:00", warning="00:05:00", error="00:05:00")
    assert await uptime_at(20 * MINUTE) == Uptimes(day=window, week=window, month=window)
    # A day later the window begins within the first period, then within the second, then within the present one.
    window = Uptime(percent=0.76, normal="00:06:00", warning="00:05:00", error="23:49:00")
    assert (await uptime_at(DAY + 4 * MINUTE)).day == window
    window = Uptime(percent=0.27, normal="00:00:00", warning="00:04:00", error="23:56:00")
    assert (await uptime_at(DAY + 11 * MINUTE)).day == window
    window = Uptime(percent=0, normal="00:00:00", warning="00:00:00", error="1.00:00:00")
    later = await uptime_at(DAY + HOUR)
    assert (later.day, later.week.normal) == (window, "00:10:00")
    await HealthRetention(services.store, 31).sweep(reported + 31 * DAY + 15 * MINUTE)
    assert (await admin.get(f"{HEALTH}/A1/periods/")).json()["totalItemCount"] == 1
    assert (await uptime_at(DAY + 11 * MINUTE)).day.error == "23:56:00"
    answer = await admin.get(f"{HEALTH}/A4/")
    assert answer.json()["uptime"]["month"] == {
        "percent": None,
        "normal": "00:00:00",
        "warning": "00:00:00",
        "error": "00:00:00",
    }
