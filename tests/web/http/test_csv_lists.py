"""Lists as CSV, for an Accept header that names it and does not admit JSON."""

from __future__ import annotations

import csv
import io

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from tests.conftest import ON_SQLITE, ROOT
from tests.fleet.devices.stored import register

pytestmark = [ON_SQLITE]
CSV = {"Accept": "text/csv"}


async def table(client: AsyncClient, path: str, **query: str) -> list[dict[str, str]]:
    answer = await client.get(path, params=query, headers=CSV)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/csv"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_all_pages_of_a_list_are_one_table(admin: AsyncClient, services: Services, network: Tenant) -> None:
    serials = [f"A{number:03}" for number in range(230)]
    await register(services.store, network.network_id, serials)
    rows = await table(admin, "/Devices/", sort="[Serial] ASC")
    assert [row["serial"] for row in rows] == serials
    assert {row["settings.group.name"] for row in rows} == {"Default"}
    assert rows[0]["tags"] == "{}"
    some = await table(admin, "/Devices/", filter="[Serial] IS 'a007'", pageSize="1")
    assert [row["settings.name"] for row in some] == ["A007"]
    assert {row["name"] for row in await table(admin, "/Groups/Regular/")} == {"Default"}
    assert await table(admin, f"{ROOT}/admin/v1/jobs/") == []


async def test_no_cell_is_a_formula(admin: AsyncClient) -> None:
    assert (await admin.post("/Groups/Regular/", json={"name": "=1+1"})).status_code == 201
    assert "'=1+1" in {row["name"] for row in await table(admin, "/Groups/Regular/")}


@pytest.mark.parametrize("accept", ["text/*", "text/csv;q=0", "text/html", "application/xml"])
async def test_other_headers_are_406_as_before(accept: str, admin: AsyncClient) -> None:
    assert (await admin.get("/Devices/", headers={"Accept": accept})).status_code == 406


@pytest.mark.parametrize("accept", ["*/*", "application/json, text/csv", "text/csv, */*;q=0.1"])
async def test_headers_that_admit_json_get_json(accept: str, admin: AsyncClient) -> None:
    answer = await admin.get("/Devices/", headers={"Accept": accept})
    assert answer.json()["items"] == []


async def test_only_lists_are_csv_and_errors_keep_their_status(admin: AsyncClient) -> None:
    assert (await admin.get("/Devices/Count/", headers=CSV)).status_code == 406
    assert (await admin.get("/Devices/?filter=[", headers=CSV)).status_code == 400


async def test_lists_without_pages_are_tables_too(admin: AsyncClient) -> None:
    """Arrays of entities, and pages with nothing but items and a marker; arrays of texts are not."""
    rules = await table(admin, f"{ROOT}/admin/v1/alerts/rules/")
    assert sorted(row["name"] for row in rules) == ["Player has a fault", "Player lost contact"]
    assert {row["condition.kind"] for row in rules} == {"health"}
    assert "Test Network" in {row["name"] for row in await table(admin, "/Self/Networks/")}
    assert await table(admin, f"{ROOT}/admin/v1/webhooks/") == []
    assert await table(admin, f"{ROOT}/admin/v1/blocked-serials/") == []
    assert (await admin.get("/Devices/Models/", headers=CSV)).status_code == 406


async def test_all_pages_of_batches_are_one_table(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await register(services.store, network.network_id, ["A1"])
    batches = f"{ROOT}/admin/v1/command-batches/"
    for _ in range(3):
        made = await admin.post(batches, json={"filter": "[Serial] IS 'A1'", "name": "identify"})
        assert made.status_code in (200, 201, 202), made.text
    rows = await table(admin, batches, pageSize="2")
    assert [row["name"] for row in rows] == ["identify"] * 3
    assert len({row["id"] for row in rows}) == 3
