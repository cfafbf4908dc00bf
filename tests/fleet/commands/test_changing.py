"""The action `command` of `/admin/v1/changes/`: a job creates the commands, and a batch sends them."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.commands.batch_steps import insert
from signfleet.fleet.commands.kinds import KINDS
from signfleet.fleet.commands.queue import Order, enqueue
from signfleet.fleet.commands.schemas import NewBatch
from signfleet.fleet.devices.agent.store import SET_CAN
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.operations.definitions import SEND_NUDGE_COMMANDS
from signfleet.identity.access.operations.roles import NETWORK_MANAGERS
from tests.conftest import CallAs, SignIn
from tests.fleet.changes.test_routes import CHANGES, JOBS, run
from tests.fleet.commands.conftest import ADMIN, PLAYER, say, token_of
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant
from tests.world import now

REBOOT = {"filter": "[Serial] IS 'B*'", "command": {"name": "reboot"}}


@pytest.fixture
async def ids(services: Services, network: Any) -> list[int]:
    """Registers three devices."""
    return await register(services.store, network.network_id, ["B0", "B1", "B2"], now=now())


async def batch(admin: AsyncClient, job: dict[str, Any]) -> dict[str, Any]:
    return dict((await admin.get(f"{ADMIN}/command-batches/{job['result']['batch']}/")).json())


async def test_a_dry_run_sends_nothing(admin: AsyncClient, ids: list[int]) -> None:
    preview = (await admin.post(f"{CHANGES}dry-run/", json=REBOOT)).json()
    assert (preview["count"], preview["examples"][0]["after"]) == (3, {"/command": "reboot"})
    assert (await admin.get(f"{ADMIN}/commands/")).json()["totalItemCount"] == 0


async def test_the_commands_of_a_job_are_one_batch_with_its_own_limits(
    services: Services, network: Any, admin: AsyncClient, call_as: CallAs, ids: list[int]
) -> None:
    job = await run(services, admin, REBOOT | {"command": {"name": "reboot", "atOnce": 1, "stopAfter": 1}})
    assert (job["state"], job["done"], job["failed"]) == ("Finished", 3, 0)
    made = await batch(admin, job)
    assert (made["total"], made["atOnce"], made["state"], made["filter"]) == (3, 1, "running", REBOOT["filter"])
    players = [call_as(await token_of(services, network.network_id, id_)) for id_ in ids]
    answers = [await player.get(f"{PLAYER}/commands") for player in players]
    waiting = [answer.json() if answer.status_code == 200 else [] for answer in answers]
    assert [len(commands) for commands in waiting] == [1, 0, 0], "at most one at a time"
    assert (await say(players[0], waiting[0][0]["id"], "failed")).is_success
    ended = await batch(admin, job)
    assert (ended["state"], ended["states"]["failed"], ended["states"]["cancelled"]) == ("stopped", 1, 2)
    refused = await admin.post(f"{CHANGES}{job['id']}/undo/")
    assert (refused.status_code, "cannot be undone" in refused.text) == (400, True)


async def test_a_device_that_waits_for_the_same_already_gets_no_second_one(
    services: Services, admin: AsyncClient, ids: list[int]
) -> None:
    assert (await admin.post(f"{ADMIN}/commands/", json={"device": "B1", "name": "reboot"})).status_code == 201
    made = await batch(admin, await run(services, admin, REBOOT))
    assert (made["total"], made["skipped"]) == (2, 1)


async def test_a_device_at_which_the_caller_may_not_is_a_failure_and_can_be_retried(
    services: Services, network: Any, admin: AsyncClient, sign_in: SignIn, call_as: CallAs, ids: list[int]
) -> None:
    manager = call_as(await sign_in("nick@example.com", role=NETWORK_MANAGERS))
    user = await services.users.find(network.network_id, "nick@example.com")
    assert user is not None
    denied = {"allowed": False, "entity_id": ids[1], "user_id": user.id}
    await grant(services.store, network.network_id, SEND_NUDGE_COMMANDS, **denied)
    job = await run(services, manager, REBOOT)
    [failure] = (await manager.get(f"{JOBS}{job['id']}/failures/")).json()["items"]
    assert (job["failed"], failure["deviceId"]) == (1, ids[1])
    retried = await run(services, admin, {}, f"{CHANGES}{job['id']}/retry/")
    assert (retried["failed"], (await batch(admin, retried))["total"]) == (0, 1)


async def test_a_player_that_cannot_is_a_failure_and_the_others_get_the_command(
    services: Services, network: Any, admin: AsyncClient, ids: list[int]
) -> None:
    can = {"network_id": network.network_id, "device_id": ids[2], "can": '["identify"]'}
    await services.store.write(lambda tx: tx.execute(SET_CAN, **can))
    preview = (await admin.post(f"{CHANGES}dry-run/", json=REBOOT)).json()
    assert [each["error"] is None for each in preview["examples"]] == [True, True, False]
    job = await run(services, admin, REBOOT)
    [failure] = (await admin.get(f"{JOBS}{job['id']}/failures/")).json()["items"]
    assert (job["done"], job["failed"], failure["deviceId"]) == (3, 1, ids[2])
    assert "cannot do the command 'reboot'" in failure["reason"]
    assert (await batch(admin, job))["total"] == 2


async def test_a_job_without_the_scope_or_the_leave_of_the_network_is_refused(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs, ids: list[int]
) -> None:
    narrow = call_as(await sign_in(scope="bsn.api.main.changes"))
    assert (await narrow.post(CHANGES, json=REBOOT)).status_code == 403
    script = REBOOT | {"command": {"name": "script", "arguments": {"name": "x"}}}
    refused = await admin.post(CHANGES, json=script)
    assert (refused.status_code, "dangerous" in refused.text) == (403, True)


async def test_the_batch_of_a_job_that_has_ended_early_is_cancelled(
    services: Services, network: Any, admin: AsyncClient, ids: list[int]
) -> None:
    new = NewBatch(filter=REBOOT["filter"], name="reboot")

    async def work(tx: Transaction) -> int:
        batch_id = await insert(tx, network.network_id, new, now(), kind=KINDS["reboot"], arguments="{}", job_id=77)
        await enqueue(tx, network.network_id, ids, Order(KINDS["reboot"], "{}", now() + 1000, None, batch_id), now())
        return batch_id

    batch_id = await services.store.write(work)
    await services.batches.sweep(now())
    ended = await batch(admin, {"result": {"batch": batch_id}})
    assert (ended["state"], ended["states"]["cancelled"]) == ("cancelled", 3)
