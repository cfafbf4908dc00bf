"""/admin/v1/permissions/explain/ and `signfleet permission explain`: why somebody may or may not do something."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import to_thread
from click.testing import CliRunner, Result
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.cli import cli
from signfleet.app.wiring import Services
from signfleet.foundation.settings import Settings
from signfleet.identity.access.operations.definitions import DEVICE, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.operations.roles import GENERAL_MANAGERS, VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant

EXPLAIN = f"{ROOT}/admin/v1/permissions/explain/"
VERA = "vera@example.com"


@pytest.fixture
async def ids(services: Services, network: Tenant, sign_in: SignIn) -> dict[str, int]:
    """A viewer, and a device."""
    await sign_in(VERA, role=VIEWERS)
    person = await services.people.find(VERA)
    assert person is not None
    user = await services.users.in_network(network.network_id, person.person_id)
    assert user is not None
    (device_id,) = await register(services.store, network.network_id, ["A1"])
    return {"network_id": network.network_id, "user_id": user.id, "device_id": device_id}


async def explain(admin: AsyncClient, **asked: str) -> Any:
    answer = await admin.get(EXPLAIN, params={"user": VERA, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_a_role_may_do_is_its_rule(admin: AsyncClient, ids: dict[str, int]) -> None:
    answer = await explain(admin, operation="Device.ViewDevice", device="a1")
    assert answer["isAllowed"] is True
    assert answer["device"] == {"id": ids["device_id"], "serial": "A1"}
    assert answer["reason"] == (
        "Allowed: the role Viewers may do 'Device (Full Control) - View Devices', in general."
        " This overrides 1 other rule."
    )
    assert [(rule["operation"], rule["isAllowed"], rule["decides"]) for rule in answer["rules"]] == [
        ("Device (Full Control) - View Devices", True, True),
        ("Device (Full Control)", False, False),
    ]


async def test_what_a_role_inherits_is_named(admin: AsyncClient, ids: dict[str, int]) -> None:
    answer = await explain(admin, operation=UPDATE_DEVICE.uid.upper())
    assert answer["isAllowed"] is False
    assert answer["reason"] == (
        "Denied: the role Viewers may not do 'Device (Full Control)', which includes"
        " 'Device (Full Control) - Update Device', in general."
    )


async def test_a_permission_of_the_device_comes_first(
    admin: AsyncClient, services: Services, ids: dict[str, int]
) -> None:
    network_id, user_id, device_id = ids.values()
    await grant(services.store, network_id, DEVICE, entity_id=device_id, user_id=user_id)
    answer = await explain(admin, operation="Update Device", device=str(device_id))
    assert (answer["isAllowed"], answer["rules"][0]["principal"], answer["rules"][0]["appliesTo"]) == (
        True,
        f"user {VERA}",
        "device A1",
    )


async def test_what_a_user_may_not_see_they_may_not_change(
    admin: AsyncClient, services: Services, ids: dict[str, int]
) -> None:
    network_id, user_id, device_id = ids.values()
    await grant(services.store, network_id, UPDATE_DEVICE, entity_id=device_id, user_id=user_id)
    await grant(services.store, network_id, VIEW_DEVICE, allowed=False, entity_id=device_id, role_id=VIEWERS.id)
    answer = await explain(admin, operation="Device.UpdateDevice", device="A1")
    assert answer["isAllowed"] is False
    assert answer["reason"].startswith("Denied: the user may not view the device. Denied: the role Viewers may not do")


async def test_without_any_rule_everything_is_denied(
    admin: AsyncClient, services: Services, sign_in: SignIn, ids: dict[str, int]
) -> None:
    await sign_in("nora@example.com", role=None)
    answer = await explain(admin, user="nora@example.com", operation="Device.ViewDevice")
    assert (answer["isAllowed"], answer["role"], answer["rules"]) == (False, None, [])


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"operation": "Device.Fly"}, 400),
        ({"operation": "Full Control"}, 400),
        ({"operation": "Group.ViewGroup", "device": "A1"}, 400),
        ({"operation": "Device.ViewDevice", "device": "Nothing"}, 404),
        ({"operation": "Device.ViewDevice", "user": "nobody@example.com"}, 404),
        ({}, 400),
    ],
)
async def test_what_cannot_be_explained_is_named(
    admin: AsyncClient, ids: dict[str, int], asked: dict[str, str], status: int
) -> None:
    assert (await admin.get(EXPLAIN, params={"user": VERA, **asked})).status_code == status


async def test_a_locked_out_user_may_do_nothing(
    admin: AsyncClient, services: Services, network: Tenant, ids: dict[str, int]
) -> None:
    viewed = {"operation": "Device.ViewDevice", "device": "A1"}
    assert (await explain(admin, **viewed))["isAllowed"]
    await admin.put(f"/Users/{VERA}/", json={"isLockedOut": True})
    answer = await explain(admin, **viewed)
    assert (answer["isAllowed"], f"the user {VERA} is locked out" in answer["reason"]) == (False, True)
    await admin.put(f"/Users/{VERA}/", json={"isLockedOut": False})
    await services.people.set_locked(VERA, True, 1)
    assert f"the person {VERA} is locked out" in (await explain(admin, **viewed))["reason"]


async def test_only_callers_who_may_edit_permissions_get_explanations(
    sign_in: SignIn, call_as: CallAs, ids: dict[str, int]
) -> None:
    manager = call_as(await sign_in("mary@example.com", role=GENERAL_MANAGERS))
    assert (await manager.get(EXPLAIN, params={"user": VERA, "operation": "x"})).status_code == 403


def test_the_command_line_says_the_same(settings: Settings, network: Tenant) -> None:
    store = ["--data", settings.data, "--database", settings.database or ""]
    asked = ["--network", network.network, "--user", network.login, "--operation", "Device.DeleteDevice"]
    result = CliRunner().invoke(cli, ["permission", "explain", *asked, *store])
    assert result.exit_code == 0, result.output
    assert "role Administrators may do 'Device (Full Control)'" in result.output
    assert "decides" in result.output


async def test_the_network_is_optional_for_a_user_of_one(
    settings: Settings, services: Services, network: Tenant
) -> None:
    store = ["--data", settings.data, "--database", settings.database or ""]

    async def asked(user: str) -> Result:
        options = ["--user", user, "--operation", "Device.DeleteDevice", *store]
        return await to_thread.run_sync(CliRunner().invoke, cli, ["permission", "explain", *options])

    for user in (network.login, str(network.user_id)):
        assert "role Administrators may do" in (await asked(user)).output
    person = await services.people.find(network.login)
    assert person is not None
    other = await services.networks.create("Elsewhere", 1)
    await services.users.create(network_id=other.id, person_id=person.person_id, role=VIEWERS, now=1)
    refused = await asked(network.login)
    assert (refused.exit_code, "--network" in refused.output, "'Elsewhere'" in refused.output) == (1, True, True)
    assert (await asked("nobody@example.com")).exit_code == 1


def test_subscriptions_are_added_on_the_command_line(settings: Settings, network: Tenant) -> None:
    store = ["--data", settings.data, "--database", settings.database or ""]
    result = CliRunner().invoke(cli, ["subscription", "add", network.network, "--count", "3", *store])
    assert (result.exit_code, "added    3" in result.output) == (0, True), result.output
    refused = CliRunner().invoke(cli, ["subscription", "add", "Nowhere", *store])
    assert (refused.exit_code, "There is no network 'Nowhere'" in refused.output) == (1, True)
