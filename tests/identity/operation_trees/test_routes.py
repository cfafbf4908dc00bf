"""The business operations, at /Operations/ and below each kind of entity."""

from __future__ import annotations

import json

import pytest
from httpx import AsyncClient

from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import ROLE, ROOTS, USER
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.identity.operation_trees.schemas import document
from tests.conftest import ON_SQLITE, CallAs, SignIn


@ON_SQLITE
async def test_the_trees_are_listed_one_for_each_kind_of_entity(admin: AsyncClient) -> None:
    listed = (await admin.get("/Operations/Root/")).json()
    assert listed == [json.loads(encode(document(root))) for root in ROOTS.values()]
    assert (await admin.get("/Operations/Root/nothing/")).status_code == 404


@ON_SQLITE
@pytest.mark.parametrize(("path", "root"), [("/Roles/", ROLE), ("/Users/", USER)])
async def test_the_operations_on_roles_and_users_are_listed(
    admin: AsyncClient, sign_in: SignIn, call_as: CallAs, path: str, root: Operation
) -> None:
    listed = (await admin.get(f"{path}Operations/")).json()
    assert listed == json.loads(encode(document(root)))
    assert listed == (await admin.get(f"/Operations/Root/{root.entity}/")).json()
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert (await viewer.get(f"{path}operations")).json()["uid"] == root.uid, "they say the same to everybody"
