"""The trees of business operations as one network sees them: with its own permissions beside those of the roles."""

from __future__ import annotations

from collections import defaultdict

from signfleet.foundation.errors import NotFound
from signfleet.foundation.storage.interface import Store
from signfleet.identity.access import permission_store as queries
from signfleet.identity.access.grants import permission_of
from signfleet.identity.access.operations.definitions import ROOTS
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission
from signfleet.identity.access.visible_permissions import VisiblePermissions
from signfleet.identity.operation_trees.document import OperationDocument, document
from signfleet.web.caller.session import Session


class Operations:
    """Gives the trees."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._visible_permissions = VisiblePermissions(store, permissions)

    async def trees(self, session: Session) -> list[OperationDocument]:
        """All of them."""
        stated = await self._stated(session)
        return [document(root, stated) for root in ROOTS.values()]

    async def tree(self, session: Session, entity: str) -> OperationDocument:
        """The tree of an entity, whose name's letter case does not matter. Raises `NotFound`."""
        for name, root in ROOTS.items():
            if name.lower() == entity.lower():
                return document(root, await self._stated(session))
        raise NotFound(f"There are no operations on '{entity}'; there are on {', '.join(ROOTS)}.")

    async def _stated(self, session: Session) -> dict[str, list[Permission]]:
        stated = defaultdict(list)
        rows = await self._store.all(queries.GENERAL_PERMISSIONS, network_id=session.network_id)
        for permission in await self._visible_permissions.filter(session, [permission_of(row) for row in rows]):
            stated[permission.operation_uid].append(permission)
        return stated
