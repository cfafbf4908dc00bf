"""Permissions, put straight into the store."""

from __future__ import annotations

from signfleet.access.granting import changed
from signfleet.access.operations.operation import Operation
from signfleet.access.permission_store import INSERT_PERMISSION
from signfleet.storage.interface import Store, Transaction


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
    """Allow or deny an operation, on one instance or on all, to a user or else to a role."""

    async def work(tx: Transaction) -> None:
        await tx.execute(
            INSERT_PERMISSION,
            network_id=network_id,
            entity=operation.root.entity,
            entity_id=entity_id,
            operation_uid=operation.uid,
            principal_type="User" if user_id else "Role",
            principal_id=user_id or role_id,
            is_allowed=allowed,
            creation_date=0,
        )
        await changed(tx, network_id)

    await store.write(work)
