"""The six system roles, by id and by name, and the names of users' roles."""

from __future__ import annotations

from typing import Protocol

from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import DEVICE, ROOTS
from signfleet.identity.access.operations.roles import SYSTEM_ROLES, SystemRole
from signfleet.identity.access.schemas import Permission, Principal

_BY_ID = {role.id: role for role in SYSTEM_ROLES}


class RoleOfUser(Protocol):
    """A user's role; `custom_role_name` is None for a system role."""

    role_id: int | None
    custom_role_name: str | None


def role_name(row: RoleOfUser) -> str | None:
    """Returns the name of a user's role."""
    if row.role_id is None:
        return None
    role = system_role_of(row.role_id)
    return row.custom_role_name if role is None else role.name


def system_role_of(role_id: int) -> SystemRole | None:
    """Returns the system role with an id; None for a custom role."""
    return _BY_ID.get(role_id)


def system_role(name: str) -> SystemRole:
    """Returns the system role with a name, in any letter case. Raises `Invalid`."""
    for role in SYSTEM_ROLES:
        if role.name.lower() == name.strip().lower():
            return role
    known = ", ".join(role.name for role in SYSTEM_ROLES)
    raise Invalid(f"'role': there is no system role '{name}'; there are {known}.")


def created(role: SystemRole) -> str:
    """Returns the creation date of a system role as JSON has it: that of its first rule."""
    return next(rule.created for rule in DEVICE.role_rules if rule.role is role)


def system_role_permissions(role: SystemRole) -> list[Permission]:
    """Returns every rule that is stated for a system role; other operations have the rule of their parent."""
    principal = Principal(name=role.name, is_custom=False, type="Role", id=role.id)
    return [
        Permission(
            operation_uid=operation.uid,
            principal=principal,
            is_fixed=True,
            is_allowed=rule.is_allowed,
            creation_date=rule.created,
        )
        for root in ROOTS.values()
        for operation in root
        for rule in operation.role_rules
        if rule.role is role
    ]
