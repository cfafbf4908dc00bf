"""The rights of system roles, computed from the operations only, to compare the server's rules with."""

from __future__ import annotations

from signfleet.identity.access.operations.definitions import by_uid


def allowed_by_system_role(operation_uid: str, role_id: int) -> bool:
    """Returns whether a system role allows an operation: by its rule for it, or else for the nearest parent.

    An unknown operation and a role that is not a system role are denied.
    """
    operation = by_uid(operation_uid)
    while operation is not None:
        for rule in operation.role_rules:
            if rule.role.id == role_id:
                return rule.is_allowed
        operation = operation.parent
    return False
