"""/admin/v1/overview/: devices by health, in total, by group, model and place, and the uptime of groups."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.health.listening import Listening
from signfleet.fleet.health.schemas import UptimeShares
from signfleet.fleet.health.totals import NETWORK, read_shares
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import health_total
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.health.sweeping import join, report
from tests.identity.access.granted import grant

OVERVIEW = f"{ROOT}/admin/v1/overview/"
TOTALS = Query(health_total.select())


def counts(**health: int) -> dict[str, int]:
    return {"normal": 0, "warning": 0, "error": 0, "unknown": 0} | health


@pytest.fixture
async def fleet(call_as: CallAs, setup_token: str, admin: AsyncClient) -> None:
    """Four devices of two models in two groups and one place; one cannot write, one never reported."""
    await admin.post("/Groups/Regular/", json={"name": "Lobbies"})
    full = {"storage": [{"interface": "SD1", "access": "Read"}]}
    for serial, model, group, status in (
        ("A1", "HD1024", "Lobbies", {}),
        ("A2", "HD1024", "Default", full),
        ("A3", "XD1034", "Lobbies", {}),
        ("A4", "XD1034", "Lobbies", None),
    ):
        player = await join(call_as, setup_token, serial, model=model, group=group)
        if status is not None:
            await report(player, status=status)
    place = {"settings": {"location": {"country": "DE", "countryLongName": "Germany"}}}
    assert (await admin.put("/Devices/A2/", json=place)).status_code == 204


async def overview(client: AsyncClient, path: str = "") -> Any:
    answer = await client.get(OVERVIEW + path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_devices_are_counted_by_health(admin: AsyncClient, fleet: None) -> None:
    found = await overview(admin)
    assert (found["devices"], found["health"]) == (4, counts(normal=2, error=1, unknown=1))
    assert [(group["name"], group["devices"], group["health"]) for group in found["groups"]] == [
        ("Default", 1, counts(error=1)),
        ("Lobbies", 3, counts(normal=2, unknown=1)),
    ]
    assert found["models"] == [
        {"model": "HD1024", "devices": 2, "health": counts(normal=1, error=1)},
        {"model": "XD1034", "devices": 2, "health": counts(normal=1, unknown=1)},
    ]
    (region,) = await overview(admin, "regions/")
    assert (region["countryLongName"], region["devices"], region["health"]) == ("Germany", 1, counts(error=1))


async def test_callers_count_the_devices_that_they_may_see(
    admin: AsyncClient, fleet: None, sign_in: SignIn, call_as: CallAs, services: Services, network: Tenant
) -> None:
    ids = {serial: (await admin.get(f"/Devices/{serial}/")).json()["id"] for serial in ("A1", "A2")}
    denied = call_as(await sign_in("denied@example.com", role=VIEWERS))
    admitted = call_as(await sign_in("admitted@example.com", role=None))
    for login, device_id, allowed in (("denied", ids["A2"], False), ("admitted", ids["A1"], True)):
        user = await services.users.find(network.network_id, f"{login}@example.com")
        assert user is not None
        await grant(
            services.store,
            network.network_id,
            VIEW_DEVICE,
            user_id=user.id,
            entity_id=device_id,
            allowed=allowed,
        )
    found = await overview(denied)
    assert (found["devices"], found["health"], found["uptime"]) == (3, counts(normal=2, unknown=1), None)
    assert [group["name"] for group in found["groups"]] == ["Lobbies"]
    assert await overview(denied, "regions/") == []
    found = await overview(admitted)
    assert (found["devices"], found["health"]) == (1, counts(normal=1))
    assert [(group["name"], group["uptime"]) for group in found["groups"]] == [("Lobbies", None)]
    assert [model["devices"] for model in found["models"]] == [1]


async def test_the_uptime_of_groups_comes_from_samples(services: Services, fleet: None, network: Tenant) -> None:
    listening, totals, groups = Listening(services.store), services.health_totals, [NETWORK, 1, 2]
    begin = 1_900_000_000_000 // HOUR * HOUR
    await listening.renew(begin)
    await services.maintained_counts.add_up()
    await totals.sample(begin + 1)  # which counts from now on

    async def shares(now: int) -> dict[int, UptimeShares]:
        return await read_shares(services.store, network.network_id, groups, now)

    for minute in range(180):
        now = begin + minute * MINUTE
        await listening.renew(now)
        await totals.sample(now)
    found = await shares(now)
    whole = 66.66  # of three devices that reported, one has an Error
    assert found[NETWORK] == UptimeShares(day=whole, week=whole, month=whole)
    rows = await services.store.scan_all(TOTALS)
    assert {row.date // HOUR for row in rows if row.group_id == NETWORK and row.date >= begin} == {
        begin // HOUR + hour for hour in range(3)
    }
    assert sorted(share.day for id_, share in found.items() if id_ != NETWORK) == [0, 100]
    # An outage is not counted, and old totals go.
    before = max(row.error for row in rows if row.group_id == NETWORK)
    await listening.renew(now + 40 * DAY)
    await totals.sample(now + 40 * DAY)
    (row,) = [row for row in await services.store.scan_all(TOTALS) if row.group_id == NETWORK]
    assert 0 <= row.error - before < 4 * MINUTE
    assert (await shares(now + 40 * DAY))[NETWORK].day is None
