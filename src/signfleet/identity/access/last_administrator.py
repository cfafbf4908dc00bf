"""Ensures that a network always has an administrator who can manage all of it."""

from __future__ import annotations

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access import permission_store as queries
from signfleet.identity.access.operations.roles import ADMINISTRATORS


async def lock_administrators(tx: Transaction, network_id: int, user_id: int) -> None:
    """Locks the rows of all administrators and of this user until the transaction ends."""
    await tx.all(queries.LOCK_USERS_OF_ROLE, network_id=network_id, role_id=ADMINISTRATORS.id, user_id=user_id)


async def require_another_administrator(
    tx: Transaction, network_id: int, user_id: int, network: str = "the network"
) -> None:
    """Raises `Invalid` if this user is the last administrator who can sign in and to whom nothing is denied.

    To be called before a user loses anything. An administrator to whom something is denied, be it one device, does not
    count: nobody could undo it. `network` names the network in the message.
    """
    await lock_administrators(tx, network_id, user_id)
    active = await tx.all(queries.ACTIVE_IN_ROLE, network_id=network_id, role_id=ADMINISTRATORS.id)
    able = [row.id for row in active if not row.is_denied_something] or [row.id for row in active]
    if able == [user_id]:
        raise Invalid(
            f"This is the last administrator of {network} who can sign in and to whom nothing is denied; make another"
            " user an administrator first."
        )
