"""The store shows a caller exactly what the rules allow, for random rules."""

from __future__ import annotations

import random

import msgspec
from sqlalchemy import select

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.store import INSERT_DEVICE
from signfleet.foundation.errors import Forbidden
from signfleet.foundation.expressions.listing import EVERYTHING, Listing, Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, permission, user
from signfleet.identity.access.operations.definitions import (
    DEVICE,
    SUBSCRIPTION,
    VIEW_DEVICE,
    VIEW_SCREENSHOTS,
    VIEW_USER,
)
from signfleet.identity.access.operations.roles import SYSTEM_ROLES
from signfleet.identity.access.permission_store import INSERT_PERMISSION
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.rules import is_allowed
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection

NETWORK, ELSEWHERE, USER, SOMEBODY, CUSTOM_ROLE = 1, 2, 7, 8, 1007
DEVICES_THERE = range(1, 11)
OPERATIONS = (DEVICE, VIEW_DEVICE, VIEW_SCREENSHOTS, SUBSCRIPTION)
LISTING = Listing(DEVICES)
CLEAR = Query(permission.delete())


async def insert_device(tx: Transaction, device_id: int) -> None:
    values = dict.fromkeys((column.name for column in device.c), 0)
    texts = dict.fromkeys(
        ("serial", "model", "model_key", "family", "name_key", "name_order", "health", "health_reason"), "x"
    )
    texts["location_key"] = "x"
    own = {"network_id": NETWORK, "id": device_id, "serial_key": f"s{device_id}"}
    await tx.execute(INSERT_DEVICE, **{**values, **texts, **own})


def random_rules(chance: random.Random, role_id: int) -> list[dict[str, object]]:
    """Returns a few permissions, some of them for other networks, people, roles and entities."""
    rules = {}
    for _ in range(chance.choice([0, 1, 2, 5, 12])):
        operation = chance.choice(OPERATIONS)
        principal = chance.choice([("User", USER), ("User", SOMEBODY), ("Role", role_id), ("Role", USER)])
        network = chance.choice([NETWORK, NETWORK, NETWORK, NETWORK, ELSEWHERE])
        entity_id = chance.choice([0, *chance.sample(DEVICES_THERE, 4)])
        key = (network, operation.root.entity, entity_id, operation.uid, *principal)
        rules[key] = {
            "network_id": network,
            "entity": operation.root.entity,
            "entity_id": entity_id,
            "operation_uid": operation.uid,
            "principal_type": principal[0],
            "principal_id": principal[1],
            "is_allowed": chance.random() < 0.5,
            "creation_date": 0,
        }
    return list(rules.values())


def a_session(role_id: int | None, permission_changes: int = 0) -> Session:
    return Session(
        id=1,
        person_id=1,
        application_id=None,
        network_id=NETWORK,
        user_id=USER,
        role_id=role_id,
        device_id=None,
        login="x",
        scope="",
        last_modified=0,
        permission_changes=permission_changes,
    )


async def device_count(_network_id: int) -> int:
    return len(DEVICES_THERE)


async def backwards(store: Store, scope: Scope) -> list[int]:
    """Returns the ids in a scope in descending order, read in pages of three."""
    sort, ids, marker = DEVICES.sort("[Id] DESC"), [], None
    while True:
        position = sort.position(marker)
        page = await LISTING.page(store, NETWORK, filter=None, sort=sort, position=position, size=3, scope=scope)
        ids += page.ids
        marker = page.next_marker
        if marker is None:
            return ids


async def test_the_store_and_the_rules_agree(store: Store) -> None:
    async def devices(tx: Transaction) -> None:
        for device_id in DEVICES_THERE:
            await insert_device(tx, device_id)

    await store.write(devices)
    permissions = Permissions(store)
    for seed in range(120):
        chance = random.Random(seed)
        role_id = chance.choice([role.id for role in SYSTEM_ROLES] + [CUSTOM_ROLE, None])
        rules = random_rules(chance, role_id or 0)

        async def replace(tx: Transaction, rules: list[dict[str, object]] = rules) -> None:
            await tx.execute(CLEAR)
            for rule in rules:
                await tx.execute(INSERT_PERMISSION, **rule)

        await store.write(replace)
        session = a_session(role_id, seed)
        for operation in (DEVICE, VIEW_DEVICE, VIEW_SCREENSHOTS):
            expected = [
                id_
                for id_ in DEVICES_THERE
                if is_allowed(await permissions.rules_on(session, operation, id_), operation)
            ]
            scope = await permissions.scope(session, operation, device.c.id)
            case = f"seed {seed}, {operation.key}"
            assert await LISTING.ids(store, NETWORK, filter=None, scope=scope) == expected, case
            assert await backwards(store, scope) == expected[::-1], case
            assert await LISTING.count(store, NETWORK, filter=None, scope=scope) == len(expected), case
            assert await Collection(store, DEVICES, counter=device_count).count(NETWORK, None, scope) == len(
                expected
            ), case
            assert [id_ for id_ in DEVICES_THERE if await permissions.allows_on(session, operation, id_)] == expected
            try:
                await permissions.require(session, operation)
            except Forbidden:
                assert expected == [], case


async def test_an_intersection_admits_what_both_scopes_admit(store: Store) -> None:
    async def fill(tx: Transaction) -> None:
        for device_id in DEVICES_THERE:
            await insert_device(tx, device_id)
        for operation, device_id in ((VIEW_DEVICE, 1), (VIEW_DEVICE, 2), (VIEW_SCREENSHOTS, 2), (VIEW_SCREENSHOTS, 3)):
            await tx.execute(
                INSERT_PERMISSION,
                network_id=NETWORK,
                entity="Device",
                entity_id=device_id,
                operation_uid=operation.uid,
                principal_type="User",
                principal_id=USER,
                is_allowed=True,
                creation_date=0,
            )

    await store.write(fill)
    permissions, session = Permissions(store), a_session(None)
    seen = await permissions.scope(session, VIEW_DEVICE, device.c.id)
    shown = await permissions.scope(session, VIEW_SCREENSHOTS, device.c.id)
    assert await LISTING.ids(store, NETWORK, filter=None, scope=seen & shown) == [2]
    statement = Query(select(device.c.id).where(device.c.network_id == NETWORK, *(seen & shown).conditions))
    assert [row.id for row in await store.all(statement, **seen.parameters, network_id=NETWORK)] == [2]


async def test_a_scope_is_cached_until_permissions_change(store: Store) -> None:
    permissions = Permissions(store)
    for rule in random_rules(random.Random(2), CUSTOM_ROLE):
        await store.write(lambda tx, rule=rule: tx.execute(INSERT_PERMISSION, **rule))

    async def seen(permission_changes: int) -> Scope:
        return await permissions.scope(a_session(CUSTOM_ROLE, permission_changes), VIEW_USER, user.c.id)

    before = await seen(1)
    assert await seen(1) is before
    assert await seen(2) is not before


async def test_a_caller_who_sees_every_user_needs_no_condition(store: Store) -> None:
    administrator = msgspec.structs.replace(a_session(SYSTEM_ROLES[0].id), has_permissions=False)
    assert await Permissions(store).scope(administrator, VIEW_USER, user.c.id) is EVERYTHING
