"""Permissions as clients read, add and remove them: of one instance, or what a principal may do with all of them.

Two permissions are the same if operation, kind of principal and principal are. There is no changing one: it is removed
and added again. What every network has, the rules of the system roles, nobody can change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Row, Store, Transaction
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

#: The id under which what holds for all instances is kept.
ALL_INSTANCES: Final = 0
#: How many permissions one request may carry: no other write runs meanwhile.
CHANGES_LIMIT: Final = 100
#: How many one instance or principal may have.
LIMIT: Final = 1000

#: A permission as the audit trail shows it.
AuditedPermission = dict[str, object]

_SYSTEM_ROLES: Final = {role.id: role for role in SYSTEM_ROLES}


class _Checked(NamedTuple):
    """A permission that may be added or removed, with its place in the body."""

    place: str
    operation: Operation
    principal: Principal
    is_allowed: bool

    def key(self, network_id: int, entity_id: int) -> dict[str, object]:
        """Returns the columns that identify it."""
        return {
            "network_id": network_id,
            "entity": self.operation.root.entity,
            "entity_id": entity_id,
            "operation_uid": self.operation.uid,
            "principal_type": self.principal.type,
            "principal_id": self.principal.id,
        }


async def of_entity(tx: Store | Transaction, network_id: int, entity: str, entity_id: int) -> list[Permission]:
    """The permissions of one instance, the oldest first."""
    rows = await tx.all(queries.PERMISSIONS_OF_ENTITY, network_id=network_id, entity=entity, entity_id=entity_id)
    return [permission_of(row) for row in rows]


async def of_principal(
    tx: Store | Transaction, network_id: int, principal_type: str, principal_id: int
) -> list[Permission]:
    """What the network has said of a principal and all instances, the oldest first."""
    rows = await tx.all(
        queries.GENERAL_PERMISSIONS_OF_PRINCIPAL,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
    )
    return [permission_of(row) for row in rows]


def permission_of(row: Row) -> Permission:
    """The entity of a row."""
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
    """Adds permissions: on the instance `entity_id`, to operations of the tree `root`; or on all instances of any tree.

    Returns them for the audit trail. Raises `Invalid` where one is there already, is fixed, or names an operation or
    principal that there is not; and where it would deny something to the last administrator. Raises `Forbidden` for
    what the caller cannot grant.
    """
    added = []
    for checked in _check(permissions, root, entity_id):
        key = checked.key(network_id, entity_id)
        denies_user = checked.principal.type == "User" and not checked.is_allowed
        if denies_user:  # before the user alone, as whoever changes users does
            await lock_administrators(tx, network_id, checked.principal.id)
        role_id = await _role_of_principal(tx, network_id, checked)
        is_own = denies_user and checked.principal.id == grantor.user_id
        present = await tx.one(queries.PERMISSION, **key)
        if present is not None and present.is_own and denies_user and not is_own:
            # What users denied to themselves becomes a denial by somebody else: they do not lift it any more.
            await tx.execute(queries.DELETE_PERMISSION, **key)
        elif present is not None:
            raise Invalid(
                f"'{checked.place}': there is a permission of this principal for '{checked.operation.full_name}'"
                " already; delete it first."
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
        raise Invalid(f"There may be {LIMIT} permissions at most.")
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
    """Removes permissions; what is not there need not be removed.

    Returns those that were there, as they were, for the audit trail. Raises `Invalid` for a fixed one, and `Forbidden`
    for a denial of something that the caller cannot grant.
    """
    removed = []
    for checked in _check(permissions, root, entity_id):
        key = checked.key(network_id, entity_id)
        present = await tx.one(queries.PERMISSION, **key)
        if present is None:
            continue
        await _role_of_principal(tx, network_id, checked)
        if present.is_own and checked.principal.id == grantor.user_id:
            pass  # what one denied to oneself one may take back
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
    """Removes the permissions of instances that are gone. Who may see them in the audit trail still depends on them."""
    these = {"network_id": network_id, "entity": entity, "entity_ids": list(entity_ids)}
    await tx.execute(queries.ARCHIVE_PERMISSIONS_OF_ENTITIES, **these, now=now)
    await tx.execute(queries.DELETE_PERMISSIONS_OF_ENTITIES, **these)
    await count_change(tx, network_id)


async def delete_of_principal(tx: Transaction, network_id: int, principal_type: str, principal_id: int) -> None:
    """Removes the permissions of a user or role that is gone."""
    await tx.execute(
        queries.DELETE_PERMISSIONS_OF_PRINCIPAL,
        network_id=network_id,
        principal_type=principal_type,
        principal_id=principal_id,
    )
    await count_change(tx, network_id)


def other_instances(permissions: Sequence[Permission], own_id: int) -> list[tuple[str, int]]:
    """Returns where permissions state another instance than `own_id`, and which; each instance once."""
    found = {
        permission.entity_id: f"[{number}].entityId"
        for number, permission in enumerate(permissions[:CHANGES_LIMIT])
        if permission.entity_id and permission.entity_id != own_id
    }
    return [(place, entity_id) for entity_id, place in found.items()]


def _check(permissions: Sequence[Permission], root: Operation | None, entity_id: int) -> list[_Checked]:
    """Everything that can be checked without looking anything up."""
    if len(permissions) > CHANGES_LIMIT:
        raise Invalid(f"At most {CHANGES_LIMIT} permissions may be changed at once; there are {len(permissions)}.")
    checked = []
    for number, permission in enumerate(permissions):
        place, principal = f"[{number}]", permission.principal
        operation = by_uid(permission.operation_uid)
        if operation is None or (root is not None and operation.root is not root):
            which = "business operation" if root is None else f"operation on a {root.entity}"
            raise Invalid(f"'{place}.operationUID': '{permission.operation_uid}' is no {which}.")
        is_own_view = operation is VIEW_USER and principal.type == "User"
        if is_own_view and principal.id in (entity_id, permission.entity_id):
            raise Invalid(f"'{place}': that users see themselves is fixed and cannot be changed.")
        if entity_id == ALL_INSTANCES and permission.entity_id:
            raise Invalid(f"'{place}.entityId': what is said of one instance is added there, not here.")
        if entity_id != ALL_INSTANCES and "Instance" not in operation.appliance:
            raise Invalid(f"'{place}.operationUID': '{operation.full_name}' does not apply to single instances.")
        if principal.type == "Role" and (
            principal.id == ADMINISTRATORS.id or (entity_id == ALL_INSTANCES and principal.id in _SYSTEM_ROLES)
        ):
            raise Invalid(f"'{place}': what the role {principal.id} may do is fixed and cannot be changed.")
        checked.append(_Checked(place, operation, principal, permission.is_allowed))
    return checked


async def count_change(tx: Transaction, network_id: int) -> None:
    """Let everybody work out anew what follows from the network's permissions."""
    await counters.add(tx, network_id, counters.PERMISSION_CHANGES, 1)


async def _role_of_principal(tx: Transaction, network_id: int, checked: _Checked) -> int | None:
    """The role of a user, or the role itself. Raises `Invalid` unless the principal is one of the network."""
    principal = checked.principal
    if principal.type == "Role" and principal.id in _SYSTEM_ROLES:
        _check_name(checked, fold(_SYSTEM_ROLES[principal.id].name))
        return principal.id
    query = queries.SHARE_USER if principal.type == "User" else queries.SHARE_ROLE
    row = await tx.one(query, network_id=network_id, id=principal.id)
    if row is not None:
        _check_name(checked, row.name_key)
        return row.role_id if principal.type == "User" else principal.id
    raise Invalid(f"'{checked.place}.principal': there is no {principal.type.lower()} {principal.id} in the network.")


def _check_name(checked: _Checked, name_key: str) -> None:
    """Raises `Invalid` where the login or name says another principal than the id."""
    principal = checked.principal
    member = "login" if principal.type == "User" else "name"
    name = getattr(principal, member)
    if isinstance(name, str) and name and fold(name) != name_key:
        raise Invalid(
            f"'{checked.place}.principal': '{member}' and 'id' mean different {principal.type.lower()}s; correct one,"
            " or leave out the name."
        )


def _audited(checked: _Checked, is_allowed: bool) -> AuditedPermission:
    """Returns a permission as the audit trail shows it."""
    return {
        "operationUID": checked.operation.uid,
        "principal": {"type": checked.principal.type, "id": checked.principal.id},
        "isAllowed": is_allowed,
    }
