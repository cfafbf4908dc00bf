"""What silent devices have in common, as the first page of the console shows it."""

from __future__ import annotations

from functools import partial

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.health.outages import LATEST
from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.console.browsing import sign_in as sign_in_by_form
from tests.fleet.health.sweeping import join, report
from tests.identity.access.granted import grant

SILENT = "[status].[health] IS 'Error' AND [reason].[code] IS 'silent'"


@pytest.fixture
async def fleet(call_as: CallAs, setup_token: str, admin: AsyncClient, services: Services) -> None:
    """Six devices: the three of one site are silent, which have the firmware and model of others that are well."""
    for number in range(6):
        serial = f"S{number}"
        player = await join(call_as, setup_token, serial, model="XT1144")
        status = {"firmware": {"version": "9.0.1" if number < 4 else "8.5.0"}, "network": {"externalIp": "192.0.2.7"}}
        await report(player, status=status)
        place = {"country": "US", "locality": "O'Fallon" if number < 3 else "Chicago"}
        answer = await admin.put(f"/Devices/{serial}/", json={"settings": {"location": place}})
        assert answer.status_code == 204
    silent = {"health": "Error", "health_reason": "silent", "health_since": clock.now()}
    update = Query(device.update().where(device.c.serial < "S3").values(**silent))
    await services.store.write(lambda tx: tx.execute(update))


async def test_the_site_that_is_silent_as_a_whole_comes_first(
    admin: AsyncClient, client: AsyncClient, fleet: None
) -> None:
    await sign_in_by_form(client)
    page = (await client.get(f"{ROOT}/console/now/")).text
    assert "3 players are dark" in page
    assert page.index("O&#39;Fallon") < page.index("XT1144")
    assert "3 of 3 are dark" in page
    assert "3 of 6 are dark" in page


async def test_of_very_many_silent_devices_those_that_fell_silent_last_are_compared(
    admin: AsyncClient, client: AsyncClient, services: Services, network: Tenant, fleet: None
) -> None:
    session = await services.sessions.authenticate(admin.headers["authorization"].removeprefix("Bearer "), clock.now())
    now = clock.now()
    for number, place in enumerate(("Boston", "Detroit", "Detroit", "Miami")):
        answer = await admin.put(f"/Devices/S{number}/", json={"settings": {"location": {"locality": place}}})
        assert answer.status_code == 204
        silent = {"health": "Error", "health_reason": "silent", "health_since": now + number}
        update = Query(device.update().where(device.c.serial == f"S{number}").values(**silent))
        await services.store.write(partial(_execute, update))
    places = [cluster for cluster in await services.outages.clusters(session, latest=3) if cluster.by == "place"]
    assert [(cluster.name, cluster.silent, cluster.devices, cluster.first) for cluster in places] == [
        ("/US/Detroit/", 2, 2, now + 1)
    ]
    [row] = await services.store.all(Query(device.select().where(device.c.serial == "S0")))
    copies = [
        row._asdict() | {"id": 10_000 + number, "serial": f"C{number}", "serial_key": f"c{number}"}
        for number in range(LATEST)
    ]
    await services.store.write(lambda tx: tx.execute_many(Query(device.insert()), copies))
    await sign_in_by_form(client)
    page = (await client.get(f"{ROOT}/console/now/")).text
    assert "1004 players are dark" in page
    assert "Compared are the 1,000 that fell silent last." in page
    assert "2 are dark" in page
    assert "of 2 are dark" not in page


async def _execute(query: Query, tx: Transaction) -> None:
    await tx.execute(query)


async def test_the_filter_of_each_cluster_finds_its_devices(
    admin: AsyncClient, services: Services, network: Tenant, fleet: None
) -> None:
    session = await services.sessions.authenticate(admin.headers["authorization"].removeprefix("Bearer "), clock.now())
    clusters = await services.outages.clusters(session)
    assert {cluster.by for cluster in clusters} == {"place", "address", "group", "model", "firmware"}
    for cluster in clusters:
        filter_ = f"({SILENT}) AND ({cluster.filter})"
        counted = await admin.get(f"{ROOT}/admin/v1/health/count/", params={"filter": filter_})
        assert (counted.json(), cluster.silent) == (3, 3), cluster.by


async def test_devices_that_the_caller_may_not_see_do_not_count(
    sign_in: SignIn, client: AsyncClient, admin: AsyncClient, services: Services, network: Tenant, fleet: None
) -> None:
    token = await sign_in("viewer@example.com", role=VIEWERS)
    for serial in ("S0", "S1"):
        id_ = (await admin.get(f"/Devices/{serial}/")).json()["id"]
        await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=id_, role_id=VIEWERS.id)
    client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    page = (await client.get(f"{ROOT}/console/now/")).text
    assert "1 player is dark" in page
    assert "O&#39;Fallon" not in page
