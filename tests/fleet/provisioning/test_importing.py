"""`/admin/v1/import/provisioning-records/`: a file creates and changes records, line by line."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.changes.test_importing import failures
from tests.fleet.changes.test_routes import JOBS, ended
from tests.fleet.provisioning.test_bdeploy import DEVICES, SETUPS, create, document, result
from tests.world import now

IMPORT = f"{ROOT}/admin/v1/import/provisioning-records/"


async def import_(services: Services, client: AsyncClient, text: str, path: str = "") -> dict[str, Any]:
    answer = await client.post(IMPORT + path, content=text.encode())
    assert answer.status_code == 202, answer.text
    return await ended(services, client, answer.json()["id"])


async def records(admin: AsyncClient) -> dict[str, dict[str, Any]]:
    return {record["serial"]: record for record in result(await admin.get(DEVICES))["players"]}


@pytest.fixture
async def setup(admin: AsyncClient) -> str:
    """Creates the setup Lobby and returns its id."""
    return str(result(await admin.post(SETUPS, json=document()), 201))


async def test_a_file_creates_and_changes_records_and_its_undoing_takes_both_back(
    admin: AsyncClient, services: Services, setup: str
) -> None:
    await create(admin, "OLD1", name="Old", desc="stays", model="XT1145")
    before = await records(admin)
    text = (
        "Serial;Name;Setup;networkName;userData;model\n"
        'NEW1;Left;lobby;test network;"{""a"":1}";\n'
        "old1;Renamed;Lobby;;;null\n"
        "NEW2;'=1+1;;;;\n"
    )
    job = await import_(services, admin, text)
    assert (job["kind"], job["total"], job["failed"]) == ("import provisioning records", 3, 0)
    assert job["result"] == {"changed": 3, "skipped": 0}
    found = await records(admin)
    assert (found["NEW1"]["name"], found["NEW1"]["setupId"], found["NEW1"]["setupName"]) == ("Left", setup, "Lobby")
    assert (found["NEW1"]["userData"], found["NEW2"]["name"]) == ({"a": 1}, "=1+1")
    old = found["OLD1"]
    assert (old["name"], old["desc"], old["model"], old["setupId"]) == ("Renamed", "stays", "", setup)
    assert (await import_(services, admin, text))["result"] == {"changed": 0, "skipped": 3}
    body = {"_id": found["NEW2"]["_id"], "serial": "NEW2", "desc": "by hand"}
    result(await admin.put(DEVICES, json=body))
    undone = await import_(services, admin, "", f"{job['id']}/undo/")
    assert (undone["done"], undone["failed"]) == (3, 1)
    [failure] = (await admin.get(f"{JOBS}{undone['id']}/failures/")).json()["items"]
    assert (failure["name"], failure["reason"]) == ("NEW2", "'/desc' has changed since.")
    after = await records(admin)
    assert sorted(after) == ["NEW2", "OLD1"]
    same = {"name", "desc", "model", "setupId", "setupName"}
    assert {key: after["OLD1"][key] for key in same} == {key: before["OLD1"][key] for key in same}


async def test_a_dry_run_names_lines_and_columns_and_the_job_lists_them_for_a_retry(
    admin: AsyncClient, services: Services, setup: str
) -> None:
    text = f"serial,setup,userdata\nA1,Foyer,\n,Lobby,\nA2,Lobby,{{\nA3,Lobby,\nA3,Lobby,\n{'x' * 300},Lobby,\n"
    preview = (await admin.post(f"{IMPORT}dry-run/", content=text)).json()
    found = [(error["line"], error["column"]) for error in preview["errors"]]
    assert found == [(2, "setup"), (3, "serial"), (4, "userdata"), (6, "serial"), (7, "serial")]
    [example] = preview["examples"]
    assert (example["line"], example["serial"], example["after"]["/setupId"]) == (5, "A3", setup)
    assert await records(admin) == {}
    job = await import_(services, admin, text)
    listed = await failures(admin, job)
    assert [each[:2] for each in listed] == [(2, "setup"), (3, "serial"), (4, "userdata"), (7, "serial")]
    assert "There is no setup 'Foyer'" in listed[0][2]
    result(await admin.post(SETUPS, json=document("Foyer")), 201)
    retried = await import_(services, admin, "", f"{job['id']}/retry/")
    assert (retried["total"], retried["failed"], sorted(await records(admin))) == (4, 3, ["A1", "A3"])
    other = await admin.post(f"{ROOT}/admin/v1/import/{job['id']}/undo/")
    assert (other.status_code, "provisioning records" in other.text) == (400, True)


async def test_a_serial_of_another_network_is_refused(admin: AsyncClient, services: Services) -> None:
    other = await services.networks.create("Elsewhere", now())
    await services.provisioning_records.create(other.id, {"serial": "A1"}, now())
    text = "serial,name\nA1,mine\n"
    [error] = (await admin.post(f"{IMPORT}dry-run/", content=text)).json()["errors"]
    assert (error["column"], "Another network" in error["reason"]) == ("serial", True)
    [failure] = await failures(admin, await import_(services, admin, text))
    assert (failure[:2], "there is a provisioning record" in failure[2]) == ((2, "serial"), True)


@ON_SQLITE
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("serial,group\nA1,x", "'group', which provisioning records do not have"),
        ("serial,setpu\nA1,x", "did you mean setup"),
        ("name\nA1", "no column 'serial'"),
        ("serial,createdAt\nA1,x", "no column that can be changed"),
        ("serial,desc,description\nA1,x,y", "two columns for 'description'"),
        ("serial,setup,setupId\nA1,x,y", "one is enough"),
    ],
)
async def test_what_is_no_file_of_records_is_refused(admin: AsyncClient, text: str, problem: str) -> None:
    answer = await admin.post(IMPORT, content=text)
    assert (answer.status_code, problem in answer.text) == (400, True), answer.text


@ON_SQLITE
async def test_who_may_not_set_up_players_imports_no_records(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs, setup: str
) -> None:
    text = "serial,networkName\nA1,Elsewhere\n"
    [error] = (await admin.post(f"{IMPORT}dry-run/", content=text)).json()["errors"]
    assert error["column"] == "networkName"
    viewer = call_as(await sign_in("vera@example.com", role=VIEWERS))
    assert (await viewer.post(IMPORT, content=text)).status_code == 403
    narrow = call_as(await sign_in(scope="bsn.api.main.changes"))
    refused = await narrow.post(IMPORT, content=text)
    assert (refused.status_code, "bsn.api.main.devices.setups.update" in refused.text) == (403, True)
