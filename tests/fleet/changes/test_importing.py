"""`/admin/v1/import/`: a file of devices changes them, line by line."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.changes import import_files, importing
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.operations.roles import NETWORK_MANAGERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.changes.test_routes import JOBS, TAG, descriptions, ended
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant
from tests.world import now

IMPORT = f"{ROOT}/admin/v1/import/"


@pytest.fixture
async def devices(services: Services, network: Tenant) -> list[int]:
    return await register(services.store, network.network_id, ["A1", "A2", "A3"])


async def import_(services: Services, client: AsyncClient, text: str, path: str = "") -> dict[str, Any]:
    """Imports a file and returns its job when it has ended."""
    answer = await client.post(IMPORT + path, content=text.encode())
    assert answer.status_code == 202, answer.text
    return await ended(services, client, answer.json()["id"])


async def failures(client: AsyncClient, job: dict[str, Any]) -> list[tuple[int, str, str]]:
    items = (await client.get(f"{JOBS}{job['id']}/failures/")).json()["items"]
    return [(item["line"], item["column"], item["reason"]) for item in items]


async def test_a_file_changes_settings_groups_places_and_tags(
    admin: AsyncClient, services: Services, devices: list[int]
) -> None:
    assert (await admin.post("/Groups/Regular/", json={"name": "Hall"})).status_code == 201
    text = (
        "\ufeffSerial;Name;Group;Latitude;Longitude;concatNameAndSerial;tag:City\r\n"
        'a1;"Desk ""1""; left";hall;52,5;13,4;TRUE;Rome\r\n'
        "A2;;;;;;\r\n"
    )
    job = await import_(services, admin, text)
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("Finished", 2, 2, 0)
    assert job["result"] == {"changed": 1, "skipped": 1}
    device = (await admin.get("/Devices/A1/")).json()
    settings = device["settings"]
    assert (settings["name"], settings["group"]["name"], device["tags"]) == ('Desk "1"; left', "Hall", {TAG: "Rome"})
    assert (settings["location"]["gpsLatitude"], settings["location"]["country"]) == (52.5, "DE")
    assert settings["concatNameAndSerial"] is True
    cleared = await import_(services, admin, "serial,tag:City,latitude,longitude\nA1,null,null,null\n")
    assert cleared["result"] == {"changed": 1, "skipped": 0}
    device = (await admin.get("/Devices/A1/")).json()
    assert (device["tags"], device["settings"]["location"]["gpsLatitude"]) == ({}, None)


async def test_the_list_of_devices_as_csv_comes_back_and_changes_only_what_was_edited(
    admin: AsyncClient, services: Services, devices: list[int]
) -> None:
    patch = [{"op": "replace", "path": "/settings/description", "value": "=1+1"}]
    assert (await admin.patch("/Devices/A3/", json=patch)).status_code == 204
    exported = (await admin.get("/Devices/", headers={"Accept": "text/csv"})).text
    same = await import_(services, admin, exported)
    assert (same["failed"], same["result"]) == (0, {"changed": 0, "skipped": 3})
    rows = list(csv.DictReader(io.StringIO(exported)))
    rows[1]["settings.description"] = "edited"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter="\t")
    writer.writeheader()
    writer.writerows(rows)
    job = await import_(services, admin, text.getvalue())
    assert job["result"] == {"changed": 1, "skipped": 2}
    assert await descriptions(admin) == {"A1": None, "A2": "edited", "A3": "=1+1"}


async def test_a_dry_run_names_lines_and_columns_and_changes_nothing(admin: AsyncClient, devices: list[int]) -> None:
    lines = ("A1,new,,", "X9,new,,", "A2,,many,", ",x,,", "A1,again,,", "A3,,,200")
    text = "\n".join(("serial,description,screenshots.countLimit,latitude", *lines))
    answer = await admin.post(f"{IMPORT}dry-run/", content=text)
    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert (preview["count"], preview["errorCount"]) == (6, 4)
    found = [(error["line"], error["column"]) for error in preview["errors"]]
    assert found == [(3, "serial"), (4, "screenshots.countLimit"), (5, "serial"), (6, "serial")]
    first, last = preview["examples"]
    assert (first["serial"], first["after"]) == ("A1", {"/settings/description": "new"})
    assert (last["serial"], "gpsLatitude" in last["error"]) == ("A3", True)
    assert await descriptions(admin) == {"A1": None, "A2": None, "A3": None}
    assert (await admin.get(JOBS)).json()["totalItemCount"] == 0


@pytest.mark.parametrize("chunk", [1, 100])
async def test_lines_that_fail_are_listed_and_retried(
    admin: AsyncClient,
    services: Services,
    network: Tenant,
    sign_in: SignIn,
    call_as: CallAs,
    devices: list[int],
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
) -> None:
    monkeypatch.setattr(import_files, "CHUNK", chunk)
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    user = await services.users.find(network.network_id, "nick@example.com")
    assert user is not None
    for operation, id_ in ((UPDATE_DEVICE, devices[1]), (VIEW_DEVICE, devices[2])):
        denied = {"allowed": False, "entity_id": id_, "user_id": user.id}
        await grant(services.store, network.network_id, operation, **denied)
    text = "serial,description,latitude\nA1,new,\n\nA2,new,\nA3,new,\nA1,,200\n"
    hidden = (await manager.post(f"{IMPORT}dry-run/", content=text)).json()["errors"]
    assert [(error["line"], error["column"]) for error in hidden] == [(5, "serial"), (6, "serial")]
    job = await import_(services, manager, text)
    assert (job["done"], job["failed"], job["result"]["changed"]) == (4, 3, 1)
    listed = await failures(manager, job)
    assert [each[:2] for each in listed] == [(4, None), (5, "serial"), (6, "latitude")]
    assert "There is no device 'A3'" in listed[1][2]
    retried = await import_(services, admin, "", f"{job['id']}/retry/")
    assert (retried["total"], retried["done"], retried["failed"]) == (3, 3, 1)
    assert await descriptions(admin) == {"A1": "new", "A2": "new", "A3": "new"}
    await services.imported_files.delete_old(now() + 400 * DAY)
    gone = await admin.post(f"{IMPORT}{retried['id']}/retry/")
    assert (gone.status_code, "has been deleted" in gone.text) == (400, True)


async def test_an_import_is_undone_where_nobody_has_changed_its_values_since(
    admin: AsyncClient, services: Services, devices: list[int]
) -> None:
    assert (await admin.post("/Devices/A1/Tags/", json={TAG: "Oslo"})).is_success
    text = "serial,description,tag:City\nA1,first,Rome\nA2,new,\nA3,new,Rome\nA1,second,\n"
    job = await import_(services, admin, text)
    patch = [{"op": "replace", "path": "/settings/description", "value": "mine"}]
    assert (await admin.patch("/Devices/A3/", json=patch)).status_code == 204
    undone = await import_(services, admin, "", f"{job['id']}/undo/")
    assert (undone["total"], undone["done"], undone["failed"]) == (4, 4, 1)
    [failure] = (await admin.get(f"{JOBS}{undone['id']}/failures/")).json()["items"]
    assert (failure["name"], failure["reason"]) == ("A3", "'/settings/description' has changed since.")
    assert await descriptions(admin) == {"A1": None, "A2": None, "A3": "mine"}
    tags = [(await admin.get(f"/Devices/{serial}/")).json()["tags"] for serial in ("A1", "A3")]
    assert tags == [{TAG: "Oslo"}, {TAG: "Rome"}], "a line is put back as a whole or not at all"
    for path in ("undo", "retry"):
        again = await admin.post(f"{IMPORT}{undone['id']}/{path}/")
        assert (again.status_code, f"undoes job {job['id']}" in again.text) == (400, True)


async def test_an_idempotency_key_starts_one_import(admin: AsyncClient, services: Services, devices: list[int]) -> None:
    headers, text = {"Idempotency-Key": "once"}, "serial,description\nA1,new\n"
    first, second = [await admin.post(IMPORT, content=text, headers=headers) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    assert (await admin.post(IMPORT, content=text + "A2,new\n", headers=headers)).status_code == 409
    await ended(services, admin, first.json()["id"])
    narrow = await admin.post(f"{ROOT}/admin/v1/changes/{first.json()['id']}/retry/")
    assert (narrow.status_code, "'import'" in narrow.text) == (400, True)


@ON_SQLITE
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no body"),
        ("\n\n", "empty"),
        ("serial,name\n", "no line but"),
        ("name\nA", "no column 'serial'"),
        ("serial,status.uptime\nA1,1", "no column that can be changed"),
        ("serial,naem\nA1,x", "'naem', which devices do not have; did you mean"),
        ("serial,name,Settings.Name\nA1,x,y", "'Settings.Name' twice"),
        ('serial,name\nA1,"x', "Line 2 is not CSV"),
    ],
)
async def test_what_is_no_file_of_devices_is_refused(
    admin: AsyncClient, devices: list[int], text: str, problem: str
) -> None:
    answer = await admin.post(IMPORT, content=text)
    assert (answer.status_code, problem in answer.text) == (400, True), answer.text


@ON_SQLITE
async def test_a_file_has_a_limit_of_lines_and_its_token_the_scope_of_devices(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs, devices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "LINES_LIMIT", 1)
    text = "serial,name\nA1,x\nA2,y\n"
    assert (await admin.post(IMPORT, content=text)).status_code == 413
    narrow = call_as(await sign_in(scope="bsn.api.main.changes"))
    refused = await narrow.post(IMPORT, content="serial,name\nA1,x\n")
    assert (refused.status_code, "bsn.api.main.devices.update" in refused.text) == (403, True)
