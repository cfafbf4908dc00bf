"""Work on many devices runs as a job in steps, and its caller gets the documented answer when it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices import deletion
from signfleet.fleet.devices.permissions import documents
from signfleet.fleet.groups import service as groups
from signfleet.foundation.storage.interface import Transaction, UnitOfWork
from signfleet.identity.access.operations.definitions import DELETE_DEVICE, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.operations.roles import NETWORK_MANAGERS
from signfleet.identity.jobs import runner
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant

#: How many devices a step takes here, and how many there are.
STEP, MANY = 4, 11
JOBS = f"{ROOT}/admin/v1/jobs/"


class _Counted:
    """A transaction that notes the most rows that one of its statements has changed."""

    def __init__(self, tx: Transaction, seen: list[int]) -> None:
        self._tx = tx
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def execute(self, query: Any, **params: Any) -> int:
        changed = await self._tx.execute(query, **params)
        self._seen.append(changed)
        return changed

    async def execute_many(self, query: Any, rows: Any) -> None:
        await self._tx.execute_many(query, rows)
        self._seen.append(len(rows))


@pytest.fixture
def changed(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Makes steps small, and collects how many rows each statement of each transaction changes."""
    for module in (deletion, groups, documents, runner):
        monkeypatch.setattr(module, "STEP_ROWS", STEP)
    monkeypatch.setattr(runner, "FIRST_SIZE", STEP)
    seen: list[int] = []
    write = services.store.write

    async def counting(work: UnitOfWork[Any]) -> Any:
        return await write(lambda tx: work(_Counted(tx, seen)))

    monkeypatch.setattr(services.store, "write", counting)
    return seen


@pytest.fixture
async def devices(services: Services, network: Tenant) -> list[int]:
    """Registers many devices and three of another kind."""
    serials = [f"A{number:02}" for number in range(MANY)] + ["B1", "B2", "B3"]
    return await register(services.store, network.network_id, serials)


async def jobs(admin: AsyncClient) -> list[tuple[str, str, int]]:
    page = (await admin.get(JOBS, params={"sort": "[Job].[Id] ASC"})).json()
    return [(job["kind"], job["state"], job["done"]) for job in page["items"]]


async def test_a_large_deletion_runs_in_steps_and_answers_their_sum(
    admin: AsyncClient, services: Services, network: Tenant, devices: list[int], changed: list[int]
) -> None:
    assert (await admin.delete("/Devices/?filter=[Serial] BEGINS WITH 'A'")).json() == MANY
    assert max(changed) <= 2 * STEP
    assert await jobs(admin) == [("delete devices", "Finished", MANY)]
    assert (await admin.get("/Devices/Count/")).json() == 3
    trail = await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": "[Action] IS 'Delete'"})
    entries = trail.json()["items"]
    assert sorted(entry["name"] for entry in entries) == [f"A{number:02}" for number in range(MANY)]
    assert {entry["actor"] for entry in entries} == {network.login}


async def test_a_small_deletion_is_one_transaction(admin: AsyncClient, devices: list[int], changed: list[int]) -> None:
    assert (await admin.delete("/Devices/?filter=[Serial] BEGINS WITH 'B'")).json() == 3
    assert await jobs(admin) == []


async def test_each_step_deletes_only_what_the_caller_may(
    admin: AsyncClient,
    services: Services,
    network: Tenant,
    sign_in: SignIn,
    call_as: CallAs,
    devices: list[int],
    changed: list[int],
) -> None:
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    user = await services.users.find(network.network_id, "nick@example.com")
    assert user is not None
    await grant(services.store, network.network_id, DELETE_DEVICE, allowed=False, entity_id=devices[5], user_id=user.id)
    assert (await manager.delete("/Devices/?filter=[Serial] BEGINS WITH 'A'")).json() == MANY - 1
    left = (await admin.get("/Devices/", params={"filter": "[Serial] BEGINS WITH 'A'"})).json()["items"]
    assert [device["id"] for device in left] == [devices[5]]


async def test_a_large_group_is_renamed_and_deleted_in_steps(
    admin: AsyncClient, devices: list[int], changed: list[int]
) -> None:
    assert (await admin.put("/Groups/Regular/Default/", json={"name": "DEFAULT"})).status_code == 204
    assert (await admin.get("/Devices/Count/?filter=[Settings].[Group].[Name] IS 'default'")).json() == len(devices)
    names = {device["settings"]["group"]["name"] for device in (await admin.get("/Devices/")).json()["items"]}
    assert names == {"DEFAULT"}
    hall = (await admin.post("/Groups/Regular/", json={"name": "Hall"})).json()
    for id_ in devices[:MANY]:
        patch = [{"op": "replace", "path": "/settings/group", "value": {"name": "Hall"}}]
        assert (await admin.patch(f"/Devices/{id_}/", json=patch)).status_code == 204
    before = (await admin.get(f"/Devices/{devices[0]}/")).headers["etag"]
    assert (await admin.delete("/Groups/Regular/Hall/")).status_code == 204
    assert (await admin.get(f"/Devices/{devices[0]}/")).headers["etag"] != before
    assert max(changed) <= 2 * STEP
    expected = [("rename group", "Finished", len(devices)), ("delete group", "Finished", MANY)]
    assert await jobs(admin) == expected
    assert (await admin.get("/Groups/Regular/Hall/")).status_code == 404
    filter_ = f"[EntityId] IS {hall['id']} AND [Entity] IS 'Group' AND [Action] IS 'Delete'"
    [entry] = (await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": filter_})).json()["items"]
    assert (entry["name"], entry["after"]["devicesMoved"]) == ("Hall", MANY)


async def test_a_large_group_stays_if_the_caller_may_not_move_all_of_its_devices(
    admin: AsyncClient,
    services: Services,
    network: Tenant,
    sign_in: SignIn,
    call_as: CallAs,
    devices: list[int],
    changed: list[int],
) -> None:
    assert (await admin.post("/Groups/Regular/", json={"name": "Hall"})).status_code == 201
    for id_ in devices[:MANY]:
        patch = [{"op": "replace", "path": "/settings/group", "value": {"name": "Hall"}}]
        assert (await admin.patch(f"/Devices/{id_}/", json=patch)).status_code == 204
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    user = await services.users.find(network.network_id, "nick@example.com")
    assert user is not None
    await grant(services.store, network.network_id, UPDATE_DEVICE, allowed=False, entity_id=devices[9], user_id=user.id)
    answer = await manager.delete("/Groups/Regular/Hall/")
    assert answer.status_code == 403
    assert "'Hall'" in answer.text
    assert (await admin.get("/Groups/Regular/Hall/")).json()["devicesCount"] == MANY


async def test_a_role_that_many_devices_name_is_renamed_and_deleted_in_steps(
    admin: AsyncClient, services: Services, network: Tenant, devices: list[int], changed: list[int]
) -> None:
    role = (await admin.post("/Roles/", json={"name": "Crew"})).json()
    rule = {"operationUID": VIEW_DEVICE.uid, "isAllowed": True, "principal": {"type": "Role", "id": role["id"]}}
    for id_ in devices[:MANY]:
        assert (await admin.post(f"/Devices/{id_}/Permissions/", json=[rule])).status_code == 204
    assert (await admin.put("/Roles/Crew/", json={"name": "Staff"})).status_code == 204
    shown = (await admin.get(f"/Devices/{devices[0]}/Permissions/")).json()
    assert [permission["principal"]["name"] for permission in shown] == ["Staff"]
    assert (await admin.delete("/Roles/Staff/")).status_code == 204
    assert max(changed) <= 2 * STEP
    assert await jobs(admin) == [("rewrite permissions", "Finished", MANY)] * 2
    page = (await admin.get("/Devices/")).json()["items"]
    assert all(device["permissions"] == [] for device in page)


async def test_a_job_goes_on_where_another_process_stopped(
    admin: AsyncClient, services: Services, network: Tenant, devices: list[int], changed: list[int]
) -> None:
    others = runner.JobRunner(services.store, 30)
    others.register(services.device_deletion)
    step = services.device_deletion.next_step
    steps = 0

    async def stopping(run: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 2:
            services.job_runner._stopping = True
        return await step(run)

    services.device_deletion.next_step = stopping
    answer = await admin.delete("/Devices/?filter=[Serial] BEGINS WITH 'A'")
    assert (answer.status_code, "goes on" in answer.text) == (503, True)
    [(_, state, done)] = await jobs(admin)
    assert (state, 0 < done < MANY) == ("Running", True)
    await others.sweep(runner.clock.now())
    await asyncio.gather(*others._tasks.values())
    assert await jobs(admin) == [("delete devices", "Finished", MANY)]


async def test_others_see_a_job_only_with_a_permission(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs, devices: list[int], changed: list[int]
) -> None:
    assert (await admin.delete("/Devices/?filter=[Serial] BEGINS WITH 'A'")).json() == MANY
    [job] = (await admin.get(JOBS, params={"filter": "[Job].[State] IS 'Finished'"})).json()["items"]
    assert (await admin.get(f"{JOBS}{job['id']}/")).json() == job
    assert (await admin.get(f"{JOBS}{job['id']}/failures/")).json()["items"] == []
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    assert (await manager.get(JOBS)).json()["totalItemCount"] == 0
    for answer in (
        await manager.get(f"{JOBS}{job['id']}/"),
        await manager.get(f"{JOBS}{job['id']}/failures/"),
        await manager.delete(f"{JOBS}{job['id']}/"),
    ):
        assert answer.status_code == 404
    assert (await admin.delete(f"{JOBS}{job['id']}/")).status_code == 400


async def test_finished_jobs_go_after_their_retention(
    admin: AsyncClient, services: Services, devices: list[int], changed: list[int]
) -> None:
    assert (await admin.delete("/Devices/?filter=[Serial] BEGINS WITH 'A'")).json() == MANY
    now = runner.clock.now()
    await services.job_runner.delete_old(now)
    assert len(await jobs(admin)) == 1
    await services.job_runner.delete_old(now + 31 * 86_400_000)
    assert await jobs(admin) == []
