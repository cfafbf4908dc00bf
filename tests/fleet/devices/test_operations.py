"""GET of /Devices/Operations/."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from signfleet.identity.access.operations.roles import CREATORS
from tests.conftest import CallAs, SignIn
from tests.examples import example

RETRIEVE = "bsn.api.main.operations.retrieve"


@pytest.mark.contract("GET /Devices/Operations/")
async def test_the_example_is_answered_to_the_letter(admin: AsyncClient) -> None:
    answer = await admin.get("/Devices/Operations/")
    assert answer.status_code == 200
    assert answer.json() == example("001-39-get-devices-operations-answer")


@pytest.mark.contract("GET /Devices/Operations/")
async def test_a_caller_without_device_permissions_may_list_the_operations(call_as: CallAs, sign_in: SignIn) -> None:
    creator = call_as(await sign_in("creator@example.com", role=CREATORS, scope=RETRIEVE))
    assert (await creator.get("/Devices/Operations/")).status_code == 200


@pytest.mark.contract("GET /Devices/Operations/")
async def test_another_scope_is_not_enough(call_as: CallAs, sign_in: SignIn) -> None:
    client = call_as(await sign_in(scope="bsn.api.main.devices"))
    assert (await client.get("/Devices/Operations/")).status_code == 403
