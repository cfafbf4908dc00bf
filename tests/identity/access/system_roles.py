"""What system roles may do, read from the operations alone: the measure for the rules of the server."""

from __future__ import annotations

from signfleet.identity.access.operations.definitions import by_uid


def allowed_by_system_role(operation_uid: str, role_id: int) -> bool:
    """Whether a system role may do this: its rule for the operation, or else the one for the nearest parent.

    An unknown operation and a role that is not a system role are denied.
    """
    operation = by_uid(operation_uid)
    while operation is not None:
        for rule in operation.role_rules:
            if rule.role.id == role_id:
                return rule.is_allowed
        operation = operation.parent
    return False
