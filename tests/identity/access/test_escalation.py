"""The check of a change of rules agrees with the rules entity by entity, for random rules."""

from __future__ import annotations

import random
from typing import Any

from signfleet.foundation.errors import Forbidden
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import permission
from signfleet.identity.access.grantor import NO_RIGHTS, Grantor, Rights, rights_of
from signfleet.identity.access.operations.definitions import DEVICE, ROOTS, UPDATE_DEVICE, VIEW_DEVICE, VIEW_GROUP
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from signfleet.identity.access.permission_store import INSERT_PERMISSION
from signfleet.identity.access.rules import Rule, is_allowed, system_rules

NETWORK, ELSEWHERE, CALLER, RECEIVER, CUSTOM, OTHER = 1, 2, 7, 8, 1007, 1008
#: The last entity has no rules and represents all entities without any.
THINGS = range(1, 6)
MENTIONED = THINGS[:-1]
ROLES = (ADMINISTRATORS.id, VIEWERS.id, CUSTOM, OTHER, None)
CLEAR = Query(permission.delete())


def random_rows(chance: random.Random) -> list[dict[str, Any]]:
    rows = {}
    for _ in range(chance.choice([0, 1, 2, 4, 9])):
        operation = chance.choice((DEVICE, VIEW_DEVICE, UPDATE_DEVICE, VIEW_GROUP))
        principal = chance.choice(
            [("User", CALLER), ("User", RECEIVER), ("Role", CUSTOM), ("Role", OTHER), ("Role", VIEWERS.id)]
        )
        network = chance.choice([NETWORK] * 5 + [ELSEWHERE])
        entity_id = chance.choice([0, *chance.sample(MENTIONED, 3)])
        rows[network, entity_id, operation.uid, *principal] = {
            "network_id": network,
            "entity": operation.root.entity,
            "entity_id": entity_id,
            "operation_uid": operation.uid,
            "principal_type": principal[0],
            "principal_id": principal[1],
            "is_allowed": chance.random() < 0.5,
            "creation_date": 0,
        }
    return list(rows.values())


def allows(rows: list[dict[str, Any]], rights: Rights, operation: Operation, thing: int) -> bool:
    """Returns whether the rules allow an operation on one entity."""
    principals = {("User", rights.user_id), ("Role", rights.role_id)}
    rules = [
        Rule(row["operation_uid"], row["principal_type"] == "User", row["is_allowed"], row["entity_id"] != 0)
        for row in rows
        if (row["network_id"], row["entity"]) == (NETWORK, operation.root.entity)
        and row["entity_id"] in (0, thing)
        and (row["principal_type"], row["principal_id"]) in principals
    ]
    return is_allowed([*system_rules(rights.role_id), *rules], operation)


async def refuses(grantor: Grantor, before: Rights, after: Rights) -> bool:
    try:
        await grantor.require_for_change(before, after)
    except Forbidden:
        return True
    return False


async def test_a_change_is_refused_exactly_when_it_grants_what_the_caller_lacks(store: Store) -> None:
    verdicts = []
    for seed in range(300):
        chance = random.Random(seed)
        rows = random_rows(chance)
        own_role, old_role, new_role = (chance.choice(ROLES) for _ in range(3))
        receiver = chance.choice([RECEIVER, CALLER, None])

        whose = [(CALLER, own_role), (receiver, old_role), (receiver, new_role)]

        async def replace(tx: Transaction, rows: list[dict[str, Any]] = rows) -> None:
            await tx.execute(CLEAR)
            for row in rows:
                await tx.execute(INSERT_PERMISSION, **row)

        async def check(tx: Transaction, whose: Any = whose) -> tuple[Rights, Rights, Rights, bool]:
            own, before, after = [await rights_of(tx, NETWORK, user, role) for user, role in whose]
            before = NO_RIGHTS if before.user_id is None else before
            return own, before, after, await refuses(Grantor(tx, NETWORK, own), before, after)

        await store.write(replace)
        own, before, after, is_refused = await store.write(check)
        gains = [
            (operation.key, thing)
            for root in ROOTS.values()
            for operation in root
            for thing in THINGS
            if allows(rows, after, operation, thing)
            and not allows(rows, before, operation, thing)
            and not allows(rows, own, operation, thing)
        ]
        assert is_refused == bool(gains), f"seed {seed}: {gains}"
        verdicts.append(is_refused)
    assert 50 < sum(verdicts) < 250
