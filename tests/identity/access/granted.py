"""Permissions written directly to the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import permission
from signfleet.identity.access.grants import count_change
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permission_store import INSERT_PERMISSION

_CLEAR = Query(permission.delete())


class Rule(NamedTuple):
    """A permission that allows or denies an operation to a user or a role, on one instance or on all."""

    operation: Operation
    principal_type: str
    principal_id: int
    on: int = 0
    is_allowed: bool = True


async def grant(
    store: Store,
    network_id: int,
    operation: Operation,
    *,
    allowed: bool = True,
    entity_id: int = 0,
    user_id: int = 0,
    role_id: int = 0,
) -> None:
    """Allows or denies an operation, on one instance or on all, to a user or else to a role."""
    rule = Rule(operation, "User" if user_id else "Role", user_id or role_id, entity_id, allowed)
    await store.write(lambda tx: _insert(tx, network_id, [rule]))


async def put(store: Store, network_id: int, rules: Iterable[Rule]) -> None:
    """Replaces all permissions of a network."""

    async def work(tx: Transaction) -> None:
        await tx.execute(_CLEAR)
        await _insert(tx, network_id, rules)

    await store.write(work)


async def _insert(tx: Transaction, network_id: int, rules: Iterable[Rule]) -> None:
    for rule in rules:
        await tx.execute(
            INSERT_PERMISSION,
            network_id=network_id,
            entity=rule.operation.root.entity,
            entity_id=rule.on,
            operation_uid=rule.operation.uid,
            principal_type=rule.principal_type,
            principal_id=rule.principal_id,
            is_allowed=rule.is_allowed,
            creation_date=0,
        )
    await count_change(tx, network_id)
