"""Lists, adds and removes permissions: on one instance, or of a principal on all instances.

Operation, kind of principal and principal identify a permission. Clients cannot update one; they remove it and add it
again. The rules of the system roles are the same in every network and cannot be changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.text import fold
from signfleet.identity.access import permission_store as queries
from signfleet.identity.access.grantor import ALL_RIGHTS, Grantor, rights_of
from signfleet.identity.access.last_administrator import lock_administrators, require_another_administrator
from signfleet.identity.access.operations.definitions import VIEW_USER, WAYS_BACK, by_uid
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import ADMINISTRATORS, SYSTEM_ROLES
from signfleet.identity.access.rules import Rule
from signfleet.identity.access.schemas import Permission, Principal

#: The entity id of permissions on all instances.
ALL_INSTANCES: Final = 0
#: The maximum number of permissions in one request: no other write runs meanwhile.
CHANGES_LIMIT: Final = 100
#: The maximum number of permissions on one instance.
LIMIT: Final = 1000

#: A permission as the audit trail shows it.
AuditedPermission = dict[str, object]

_SYSTEM_ROLES: Final = {role.id: role for role in SYSTEM_ROLES}


class _Checked(NamedTuple):
    """A permission to add or remove, with its position in the body."""

    place: str
    operation: Operation
    principal: Principal
    is_allowed: bool

    def key(self, network_id: int, entity_id: int) -> dict[str, object]:
        """Returns the values of the primary key."""
        return {
            "network_id": network_id,
            "entity": self.operation.root.entity,
            "entity_id": entity_id,
            "operation_uid": self.operation.uid,
            "principal_type": self.principal.type,
            "principal_id": self.principal.id,
        }


async def of_entity(tx: Store | Transaction, network_id: int, entity: str, entity_id: int) -> list[Permission]:
    """Returns the permissions on one instance, oldest first."""
    rows = await tx.all(queries.PERMISSIONS_OF_ENTITY, network_id=network_id, entity=entity, entity_id=entity_id)
    return [permission_of(row) for row in rows]


async def of_entities(
    tx: Store | Transaction, network_id: int, entity: str, entity_ids: Sequence[int]
) -> list[tuple[int, Permission]]:
    """Returns the permissions on some instances with the id of each, oldest first."""
    rows = await tx.all(
        queries.PERMISSIONS_OF_ENTITIES, network_id=network_id, entity=entity, entity_ids=list(entity_ids)
    )
    return [(row.entity_id, permission_of(row)) for row in rows]


async def of_principal(
    tx: Store | Transaction, network_id: int, principal_type: str, principal_id: int
) -> list[Permission]:
    """Returns the permissions of a principal on all instances, oldest first; not those of a system role."""
    rows = await tx.all(
        queries.GENERAL_PERMISSIONS_OF_PRINCIPAL,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
    )
    return [permission_of(row) for row in rows]


def permission_of(row: queries.PermissionWithPrincipal) -> Permission:
    """Returns the entity of a row."""
    if row.principal_type == "User":
        principal = Principal(login=row.login or "", type="User", id=row.principal_id)
    else:
        system = _SYSTEM_ROLES.get(row.principal_id)
        name = system.name if system else row.role_name
        principal = Principal(name=name, is_custom=system is None, type="Role", id=row.principal_id)
    return Permission(
        entity_id=row.entity_id or None,
        operation_uid=row.operation_uid,
        principal=principal,
        is_allowed=bool(row.is_allowed),
        creation_date=datetime.format(row.creation_date),
    )


async def add_permissions(
    tx: Transaction,
    network_id: int,
    permissions: Sequence[Permission],
    now: int,
    *,
    grantor: Grantor,
    root: Operation | None = None,
    entity_id: int = ALL_INSTANCES,
) -> list[AuditedPermission]:
    """Adds permissions: for the tree `root` on the instance `entity_id`, or for any tree on all instances.

    Returns them for the audit trail. Raises `Invalid` if one exists already, is fixed, names an unknown operation or
    principal, or denies something to the last administrator. Raises `Forbidden` for what the caller cannot grant.
    """
    added = []
    for checked in _check(permissions, root, entity_id):
        key = checked.key(network_id, entity_id)
        denies_user = checked.principal.type == "User" and not checked.is_allowed
        if denies_user:  # lock order: administrators before the single user, as in `users.administration`
            await lock_administrators(tx, network_id, checked.principal.id)
        role_id = await _role_of_principal(tx, network_id, checked)
        is_own = denies_user and checked.principal.id == grantor.user_id
        present = await tx.one(queries.PERMISSION, **key)
        if present is not None and present.is_own and denies_user and not is_own:
            # Another user now denies what the user denied to themself, so the user can no longer lift it.
            await tx.execute(queries.DELETE_PERMISSION, **key)
        elif present is not None:
            raise Invalid(
                f"'{checked.place}': this principal already has a permission for '{checked.operation.full_name}';"
                " delete it first."
            )
        if denies_user and not (is_own and entity_id != ALL_INSTANCES and checked.operation not in WAYS_BACK):
            await require_another_administrator(tx, network_id, checked.principal.id)
        if checked.is_allowed and entity_id != ALL_INSTANCES:
            await grantor.require_on(checked.operation, entity_id)
        elif checked.is_allowed:
            is_for_user = checked.principal.type == "User"
            rights = await rights_of(tx, network_id, checked.principal.id if is_for_user else None, role_id)
            rule = Rule(checked.operation.uid, is_for_user, True)
            await grantor.require_in_general(checked.operation, rights.with_rule(rule))
        stated = key | {"is_allowed": checked.is_allowed, "creation_date": now}
        if is_own:
            await tx.execute(queries.INSERT_OWN_DENIAL, **stated, is_own=True)
        else:
            await tx.execute(queries.INSERT_PERMISSION, **stated)
        added.append(_audited(checked, checked.is_allowed))
    await count_change(tx, network_id)
    if root is not None and len(await of_entity(tx, network_id, root.entity, entity_id)) > LIMIT:
        raise Invalid(f"A {root.entity.lower()} can have at most {LIMIT} permissions; remove some first.")
    return added


async def remove_permissions(
    tx: Transaction,
    network_id: int,
    permissions: Sequence[Permission],
    *,
    grantor: Grantor,
    root: Operation | None = None,
    entity_id: int = ALL_INSTANCES,
) -> list[AuditedPermission]:
    """Removes permissions; ignores those that do not exist.

    Returns the removed ones for the audit trail. Raises `Invalid` for a fixed one, and `Forbidden` for a denial of
    something that the caller cannot grant.
    """
    removed = []
    for checked in _check(permissions, root, entity_id):
        key = checked.key(network_id, entity_id)
        present = await tx.one(queries.PERMISSION, **key)
        if present is None:
            continue
        await _role_of_principal(tx, network_id, checked)
        if present.is_own and checked.principal.id == grantor.user_id:
            pass  # users may lift what they denied to themselves
        elif not present.is_allowed and entity_id != ALL_INSTANCES:
            await grantor.require_on(checked.operation, entity_id)
        elif not present.is_allowed:
            await grantor.require_in_general(checked.operation, ALL_RIGHTS)
        await tx.execute(queries.DELETE_PERMISSION, **key)
        removed.append(_audited(checked, bool(present.is_allowed)))
    await count_change(tx, network_id)
    return removed


async def delete_of_entities(
    tx: Transaction, network_id: int, entity: str, entity_ids: Sequence[int], now: int
) -> None:
    """Deletes the permissions on deleted instances; archives them, since the audit trail still depends on them."""
    these = {"network_id": network_id, "entity": entity, "entity_ids": list(entity_ids)}
    await tx.execute(queries.ARCHIVE_PERMISSIONS_OF_ENTITIES, **these, now=now)
    await tx.execute(queries.DELETE_PERMISSIONS_OF_ENTITIES, **these)
    await count_change(tx, network_id)


async def delete_of_principal(tx: Transaction, network_id: int, principal_type: str, principal_id: int) -> None:
    """Deletes all permissions of a deleted user or role."""
    await tx.execute(
        queries.DELETE_PERMISSIONS_OF_PRINCIPAL,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
    )
    await count_change(tx, network_id)


async def delete_of_principal_on(
    tx: Transaction, network_id: int, principal_type: str, principal_id: int, *, entity: str, entity_ids: Sequence[int]
) -> None:
    """Deletes the permissions of a deleted user or role on some instances."""
    await tx.execute(
        queries.DELETE_PERMISSIONS_OF_PRINCIPAL_ON,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
        entity=entity,
        entity_ids=list(entity_ids),
    )
    await count_change(tx, network_id)


def other_instances(permissions: Sequence[Permission], own_id: int) -> list[tuple[str, int]]:
    """Returns the position and id of each instance other than `own_id` that permissions name, each id once."""
    found = {
        permission.entity_id: f"[{number}].entityId"
        for number, permission in enumerate(permissions[:CHANGES_LIMIT])
        if permission.entity_id and permission.entity_id != own_id
    }
    return [(place, entity_id) for entity_id, place in found.items()]


def _check(permissions: Sequence[Permission], root: Operation | None, entity_id: int) -> list[_Checked]:
    """Checks what needs no query. Raises `Invalid`."""
    if len(permissions) > CHANGES_LIMIT:
        raise Invalid(f"At most {CHANGES_LIMIT} permissions may be changed at once; there are {len(permissions)}.")
    checked = []
    for number, permission in enumerate(permissions):
        place, principal = f"[{number}]", permission.principal
        operation = by_uid(permission.operation_uid)
        if operation is None or (root is not None and operation.root is not root):
            which = "a business operation" if root is None else f"an operation on a {root.entity}"
            raise Invalid(f"'{place}.operationUID': '{permission.operation_uid}' is not {which}.")
        is_own_view = operation is VIEW_USER and principal.type == "User"
        if is_own_view and principal.id in (entity_id, permission.entity_id):
            raise Invalid(f"'{place}': the permission of users to view themselves is fixed.")
        if entity_id == ALL_INSTANCES and permission.entity_id:
            raise Invalid(f"'{place}.entityId': add a permission on one instance at that instance, not here.")
        if entity_id != ALL_INSTANCES and "Instance" not in operation.appliance:
            raise Invalid(f"'{place}.operationUID': '{operation.full_name}' does not apply to single instances.")
        if principal.type == "Role" and (
            principal.id == ADMINISTRATORS.id or (entity_id == ALL_INSTANCES and principal.id in _SYSTEM_ROLES)
        ):
            raise Invalid(f"'{place}': the permissions of the role {principal.id} are fixed.")
        checked.append(_Checked(place, operation, principal, permission.is_allowed))
    return checked


async def count_change(tx: Transaction, network_id: int) -> None:
    """Invalidates what every process has cached of the network's permissions."""
    await counters.add(tx, network_id, counters.PERMISSION_CHANGES, 1)


async def _role_of_principal(tx: Transaction, network_id: int, checked: _Checked) -> int | None:
    """Returns the id of the user's role, or of the role itself. Raises `Invalid` unless the network has the principal.

    Locks the row, shared, until the transaction ends: nobody deletes the principal meanwhile.
    """
    principal = checked.principal
    if principal.type == "Role" and principal.id in _SYSTEM_ROLES:
        _check_name(checked, fold(_SYSTEM_ROLES[principal.id].name))
        return principal.id
    if principal.type == "User":
        user = await tx.one(queries.SHARE_USER, network_id=network_id, id=principal.id)
        if user is not None:
            _check_name(checked, user.name_key)
            return user.role_id
    else:
        role = await tx.one(queries.SHARE_ROLE, network_id=network_id, id=principal.id)
        if role is not None:
            _check_name(checked, role.name_key)
            return role.id
    raise Invalid(f"'{checked.place}.principal': there is no {principal.type.lower()} {principal.id} in the network.")


def _check_name(checked: _Checked, name_key: str) -> None:
    """Raises `Invalid` if the login or name is another principal's than the id."""
    principal = checked.principal
    member = "login" if principal.type == "User" else "name"
    name = getattr(principal, member)
    if isinstance(name, str) and name and fold(name) != name_key:
        raise Invalid(
            f"'{checked.place}.principal': '{member}' and 'id' name different {principal.type.lower()}s; correct one,"
            f" or omit '{member}'."
        )


def _audited(checked: _Checked, is_allowed: bool) -> AuditedPermission:
    """Returns a permission as the audit trail shows it."""
    return {
        "operationUID": checked.operation.uid,
        "principal": {"type": checked.principal.type, "id": checked.principal.id},
        "isAllowed": is_allowed,
    }
