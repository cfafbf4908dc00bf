"""A network always has somebody who can administer it."""

from __future__ import annotations

from signfleet.access.operations.roles import ADMINISTRATORS
from signfleet.errors import Invalid
from signfleet.storage.interface import Transaction
from signfleet.users import store as queries


async def demand_another(tx: Transaction, network_id: int, user_id: int) -> None:
    """Raise `Invalid` if this user is the last administrator of the network who can sign in."""
    rows = await tx.all(queries.ACTIVE_IN_ROLE, network_id=network_id, role_id=ADMINISTRATORS.id)
    if [row.id for row in rows] == [user_id]:
        raise Invalid("This is the last administrator of the network; make somebody else one first.")
