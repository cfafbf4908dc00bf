"""`/admin/v1/changes/`: a dry run, the job, what it failed at, its retry, and its undoing."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE
from signfleet.identity.access.operations.roles import NETWORK_MANAGERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant

CHANGES, JOBS = f"{ROOT}/admin/v1/changes/", f"{ROOT}/admin/v1/jobs/"
TAG = "string::[Device].<City>"
ALL_A = "[Serial] BEGINS WITH 'A'"


def describe(value: str) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": "/settings/description", "value": value}]


@pytest.fixture
async def devices(services: Services, network: Tenant) -> list[int]:
    return await register(services.store, network.network_id, ["A1", "A2", "A3", "B1"])


async def run(services: Services, client: AsyncClient, body: dict[str, Any], path: str = CHANGES) -> dict[str, Any]:
    """Starts a change and returns its job when it has ended."""
    answer = await client.post(path, json=body) if body else await client.post(path)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(f"/admin/v1/jobs/{answer.json()['id']}/")
    return await ended(services, client, answer.json()["id"])


async def ended(services: Services, client: AsyncClient, job: int) -> dict[str, Any]:
    await services.job_runner.finish(1, job)
    return dict((await client.get(f"{JOBS}{job}/")).json())


async def descriptions(client: AsyncClient) -> dict[str, str | None]:
    page = (await client.get("/Devices/")).json()["items"]
    return {device["serial"]: device["settings"]["description"] for device in page}


async def test_a_dry_run_shows_what_would_change_and_changes_nothing(admin: AsyncClient, devices: list[int]) -> None:
    etag = (await admin.get("/Devices/A1/")).headers["etag"]
    body = {"filter": ALL_A, "settings": describe("new")}
    answer = await admin.post(f"{CHANGES}dry-run/", json=body)
    assert (answer.status_code, answer.json()["count"]) == (200, 3)
    first = answer.json()["examples"][0]
    assert (first["serial"], first["after"], first["error"]) == ("A1", {"/settings/description": "new"}, None)
    assert len(answer.json()["examples"]) == 3
    assert (await admin.get("/Devices/A1/")).headers["etag"] == etag
    assert (await admin.get(JOBS)).json()["totalItemCount"] == 0


async def test_settings_change_and_come_back_where_nobody_changed_them_since(
    admin: AsyncClient, services: Services, devices: list[int]
) -> None:
    before = await descriptions(admin)
    job = await run(services, admin, {"filter": ALL_A, "settings": describe("new")})
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("Finished", 3, 3, 0)
    assert await descriptions(admin) == before | {"A1": "new", "A2": "new", "A3": "new"}
    assert (await admin.patch("/Devices/A2/", json=describe("mine"))).status_code == 204
    undone = await run(services, admin, {}, f"{CHANGES}{job['id']}/undo/")
    assert (undone["state"], undone["done"], undone["failed"]) == ("Finished", 3, 1)
    assert await descriptions(admin) == before | {"A2": "mine"}
    [failure] = (await admin.get(f"{JOBS}{undone['id']}/failures/")).json()["items"]
    assert (failure["name"], failure["reason"]) == ("A2", "'/settings/description' has changed since.")


async def test_tags_and_groups_change_and_come_back(admin: AsyncClient, services: Services, devices: list[int]) -> None:
    assert (await admin.post("/Devices/A1/Tags/", json={TAG: "Rome"})).is_success
    assert (await admin.post("/Groups/Regular/", json={"name": "Hall"})).status_code == 201
    tagged = await run(services, admin, {"filter": ALL_A, "tags": {"set": {TAG: "Oslo"}}})
    moved = await run(services, admin, {"filter": ALL_A, "group": {"name": "hall"}})
    device = (await admin.get("/Devices/A1/")).json()
    assert (device["tags"], device["settings"]["group"]["name"]) == ({TAG: "Oslo"}, "Hall")
    for job in (tagged, moved):
        assert (await run(services, admin, {}, f"{CHANGES}{job['id']}/undo/"))["failed"] == 0
    first, second = [(await admin.get(f"/Devices/{serial}/")).json() for serial in ("A1", "A2")]
    assert (first["tags"], second["tags"]) == ({TAG: "Rome"}, {})
    assert first["settings"]["group"]["name"] == "Default"


async def test_a_retry_takes_just_the_devices_at_which_a_change_failed(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs, devices: list[int]
) -> None:
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    user = await services.users.find(network.network_id, "nick@example.com")
    assert user is not None
    await grant(services.store, network.network_id, UPDATE_DEVICE, allowed=False, entity_id=devices[1], user_id=user.id)
    job = await run(services, manager, {"filter": ALL_A, "settings": describe("new")})
    assert (job["done"], job["failed"]) == (3, 1)
    [failure] = (await manager.get(f"{JOBS}{job['id']}/failures/")).json()["items"]
    assert (failure["deviceId"], "not allowed" in failure["reason"]) == (devices[1], True)
    retried = await run(services, admin, {}, f"{CHANGES}{job['id']}/retry/")
    assert (retried["total"], retried["done"], retried["failed"]) == (1, 1, 0)
    assert (await descriptions(admin))["A2"] == "new"


async def test_devices_are_deleted_by_a_token_with_the_scope(
    admin: AsyncClient, services: Services, sign_in: SignIn, call_as: CallAs, devices: list[int]
) -> None:
    narrow = call_as(await sign_in(scope="bsn.api.main.changes bsn.api.main.jobs"))
    refused = await narrow.post(CHANGES, json={"filter": ALL_A, "delete": True})
    assert (refused.status_code, "bsn.api.main.devices.delete" in refused.text) == (403, True)
    job = await run(services, admin, {"filter": ALL_A, "delete": True})
    assert (job["state"], job["done"]) == ("Finished", 3)
    assert (await admin.get("/Devices/Count/")).json() == 1
    assert (await admin.post(f"{CHANGES}{job['id']}/undo/")).status_code == 400


async def test_an_idempotency_key_starts_one_job(admin: AsyncClient, services: Services, devices: list[int]) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"filter": ALL_A, "settings": describe("new")}
    first, second = [await admin.post(CHANGES, json=body, headers=headers) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    other = await admin.post(CHANGES, json={"filter": ALL_A, "delete": True}, headers=headers)
    assert other.status_code == 409
    await ended(services, admin, first.json()["id"])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"filter": ALL_A}, "exactly one of"),
        ({"filter": ALL_A, "delete": True, "group": {"name": "x"}}, "exactly one of"),
        ({"filter": ALL_A, "delete": False}, "'delete'"),
        ({"filter": ALL_A, "group": {}}, "'group'"),
        ({"filter": ALL_A, "command": {"name": "dance"}}, "dance"),
        ({"filter": ALL_A, "command": {"name": "reboot", "atOnce": 0}}, "command.atOnce"),
        ({"filter": " ", "delete": True}, "'filter'"),
        ({"filter": "[Serial", "delete": True}, "not closed"),
        ({"filter": ALL_A, "settings": [{"op": "replace", "path": "/tags/x", "value": 1}]}, "/tags/x"),
        (
            {"filter": ALL_A, "settings": [{"op": "replace", "path": "/settings/lastModifiedDate", "value": 1}]},
            "set by",
        ),
        ({"filter": ALL_A, "tags": {"set": {"nonsense": 1}}}, "nonsense"),
    ],
)
async def test_a_malformed_change_names_what_is_wrong(
    body: dict[str, Any], problem: str, admin: AsyncClient, devices: list[int]
) -> None:
    answer = await admin.post(CHANGES, json=body)
    assert (answer.status_code, problem in answer.json()["message"]) == (400, True), answer.text
