"""Permissions: whether a caller may do a business operation."""

from __future__ import annotations

from signfleet.access.operations.catalogue import allowed_by_system_role
from signfleet.access.operations.operation import Operation
from signfleet.access.sessions import Session
from signfleet.errors import Forbidden


class Permissions:
    """Evaluates the rules for a session's role."""

    async def allows(self, session: Session, operation: Operation) -> bool:
        return session.role_id is not None and allowed_by_system_role(operation.uid, session.role_id)

    async def demand(self, session: Session, operation: Operation) -> None:
        """Raise `Forbidden` unless the caller may do `operation`."""
        if not await self.allows(session, operation):
            raise Forbidden(f"Your role does not allow '{operation.full_name}'.")
