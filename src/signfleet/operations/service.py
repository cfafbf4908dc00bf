"""The trees of business operations as one network sees them: with its own permissions beside those of the roles."""

from __future__ import annotations

from collections import defaultdict

from signfleet.access import permission_store as queries
from signfleet.access.granting import permission_of
from signfleet.access.operations.catalogue import ROOTS
from signfleet.access.schemas import Permission
from signfleet.errors import NotFound
from signfleet.operations.document import OperationDocument, document
from signfleet.storage.interface import Store


class Operations:
    """Gives the trees."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def trees(self, network_id: int) -> list[OperationDocument]:
        """All of them."""
        stated = await self._stated(network_id)
        return [document(root, stated) for root in ROOTS.values()]

    async def tree(self, network_id: int, entity: str) -> OperationDocument:
        """The tree of an entity, whose name's letter case does not matter. Raises `NotFound`."""
        for name, root in ROOTS.items():
            if name.lower() == entity.lower():
                return document(root, await self._stated(network_id))
        raise NotFound(f"There are no operations on '{entity}'; there are on {', '.join(ROOTS)}.")

    async def _stated(self, network_id: int) -> dict[str, list[Permission]]:
        stated = defaultdict(list)
        for row in await self._store.all(queries.GENERAL_PERMISSIONS, network_id=network_id):
            stated[row.operation_uid].append(permission_of(row))
        return stated
