"""Reads the trees of business operations with the permissions of one network."""

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
from signfleet.identity.operation_trees.schemas import OperationDocument, document
from signfleet.web.caller.session import Session


class OperationTrees:
    """The trees with the permissions that the caller may see."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._visible_permissions = VisiblePermissions(store, permissions)

    async def all(self, session: Session, *, additions: bool = False) -> list[OperationDocument]:
        """Returns all trees, with `additions` also the operations that the contract lacks."""
        added = await self._added(session)
        return [document(root, added, additions=additions) for root in ROOTS.values()]

    async def get(self, session: Session, entity: str) -> OperationDocument:
        """Returns the tree of an entity, named in any letter case. Raises `NotFound`."""
        for name, root in ROOTS.items():
            if name.lower() == entity.lower():
                return document(root, await self._added(session))
        raise NotFound(f"There are no operations for '{entity}', only for {', '.join(ROOTS)}.")

    async def _added(self, session: Session) -> dict[str, list[Permission]]:
        added = defaultdict(list)
        rows = await self._store.all(queries.GENERAL_PERMISSIONS, network_id=session.network_id)
        for permission in await self._visible_permissions.filter(session, [permission_of(row) for row in rows]):
            added[permission.operation_uid].append(permission)
        return added
