"""/admin/v1/health-rules/: a network sets from when on a health is a Warning or an Error."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_document, device_status
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.health.sweeping import Sweep, join, report

RULES = f"{ROOT}/admin/v1/health-rules/"
HEALTH = f"{ROOT}/admin/v1/health"
STATUSES = Query(device_status.select())
DEFAULTS = {
    "lateReports": 2,
    "lateAfter": "00:10:00",
    "silentReports": 3,
    "silentAfter": "00:15:00",
    "nearlyFullPercent": 5.0,
    "fullPercent": 1.0,
    "errorMemory": "01:00:00",
    "suspendedSubscription": "Normal",
}


async def health(admin: AsyncClient, serial: str = "A1") -> tuple[str, str | None]:
    found = (await admin.get(f"{HEALTH}/{serial}/")).json()
    return found["health"], found["reason"] and found["reason"]["text"]


async def put(admin: AsyncClient, **rules: Any) -> None:
    answer = await admin.put(RULES, json=rules)
    assert answer.status_code == 204, answer.text


async def test_changed_rules_apply_to_devices_that_have_reported_already(
    admin: AsyncClient, call_as: CallAs, setup_token: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.fleet.health.limits.BATCH", 2)
    storage = [{"interface": "SD1", "stats": {"sizeTotal": 100, "sizeFree": 30}}]
    for number in range(5):
        await report(await join(call_as, setup_token, f"A{number}"), status={"storage": storage})
    assert (await admin.get(RULES)).json() == DEFAULTS
    await put(admin, nearlyFullPercent=50, fullPercent=40, lateAfter="00:20:00", silentAfter="00:20:00")
    await services.background.run_all()
    assert {await health(admin, f"A{number}") for number in range(5)} == {("Error", "SD1 30 % free")}
    await put(admin)
    assert (await admin.get(RULES)).json() == DEFAULTS
    now = max(row.status_date for row in await services.store.scan_all(STATUSES))
    assert await Sweep(services).run(now) == 5
    assert {await health(admin, f"A{number}") for number in range(5)} == {("Normal", None)}


async def test_reports_are_evaluated_by_the_rules_of_their_network(
    admin: AsyncClient, call_as: CallAs, setup_token: str, services: Services
) -> None:
    await put(admin, errorMemory="00:02:00", suspendedSubscription="Warning")
    player = await join(call_as, setup_token, "A1")
    await report(player, errors=[{"errorName": "RealizeFailure"}])
    assert (await health(admin))[0] == "Warning"
    (row,) = await services.store.scan_all(STATUSES)
    await Sweep(services).run(row.status_date + 2 * 60_000)
    assert await health(admin) == ("Normal", None)
    suspend = device_document.update().values(subscription='{"status":"Suspended"}')
    await services.store.write(lambda tx: tx.execute(Query(suspend)))
    await report(player, 2)
    assert (await health(admin))[0] == "Warning"
    await put(admin, errorMemory="00:01:00", suspendedSubscription="Error")
    await Sweep(services).run(row.status_date + 2 * 60_000)
    assert await health(admin) == ("Error", "subscription suspended")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"lateReports": 4}, "'silentReports'"),
        ({"lateAfter": "00:16:00"}, "'silentAfter'"),
        ({"fullPercent": 6}, "'fullPercent'"),
        ({"errorMemory": "00:00:59"}, "'errorMemory': from 00:01:00 to 30.00:00:00"),
        ({"silentAfter": "31.00:00:00"}, "'silentAfter'"),
        ({"nearlyFullPercent": 101}, "nearlyFullPercent"),
        ({"lateReports": 0}, "lateReports"),
        ({"suspendedSubscription": "Unknown"}, "suspendedSubscription"),
    ],
)
async def test_rules_that_contradict_each_other_are_refused(
    admin: AsyncClient, rules: dict[str, Any], message: str
) -> None:
    answer = await admin.put(RULES, json=rules)
    assert (answer.status_code, message in answer.text) == (400, True), answer.text


async def test_viewers_read_the_rules_and_do_not_change_them(sign_in: SignIn, call_as: CallAs, network: Tenant) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert (await viewer.get(RULES)).status_code == 200
    assert (await viewer.put(RULES, json={})).status_code == 403
