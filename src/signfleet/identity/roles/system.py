"""Roles by name and id: the six of every network, which stand in the code, and custom ones."""

from __future__ import annotations

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Row
from signfleet.identity.access.operations.definitions import DEVICE, ROOTS
from signfleet.identity.access.operations.roles import SYSTEM_ROLES, SystemRole
from signfleet.identity.access.schemas import Permission, Principal

_BY_ID = {role.id: role for role in SYSTEM_ROLES}


def role_name(row: Row) -> str | None:
    """The name of a user's role, from a row of `users.store`."""
    if row.role_id is None:
        return None
    role = system_role_of(row.role_id)
    return row.custom_role_name if role is None else role.name


def system_role_of(role_id: int) -> SystemRole | None:
    return _BY_ID.get(role_id)


def system_role(name: str) -> SystemRole:
    """The system role of that name, in any letter case. Raises `Invalid`."""
    for role in SYSTEM_ROLES:
        if role.name.lower() == name.strip().lower():
            return role
    known = ", ".join(role.name for role in SYSTEM_ROLES)
    raise Invalid(f"'role': there is no system role '{name}'; there are {known}.")


def created(role: SystemRole) -> str:
    """When a system role was made, as the wire spells it: with its first rule."""
    return next(rule.created for rule in DEVICE.role_rules if rule.role is role)


def system_role_permissions(role: SystemRole) -> list[Permission]:
    """Every rule that is stated for a system role; what is not stated follows from the parent operation's."""
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
