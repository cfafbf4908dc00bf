"""A tree of operations in the contract's form (BusinessOperation), as `…/Operations/` endpoints answer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from signfleet.identity.access.operations.operation import Operation, RoleRule
from signfleet.identity.access.schemas import Permission, Principal


class OperationDocument(msgspec.Struct, rename="camel", frozen=True):
    """One operation with those below it. Named as a parent, it has neither descendants nor permissions."""

    uid: str
    singular_name: str
    plural_name: str
    full_name: str
    target_entity: str
    appliance: str
    parent: OperationDocument | None
    descendants: list[OperationDocument] | None
    permissions: list[Permission] | None


#: Permissions for all instances by the uid of their operation.
Stated = Mapping[str, Sequence[Permission]]


def document(operation: Operation, stated: Stated | None = None) -> OperationDocument:
    """The operation as the wire shows it: its parent named, the tree below it, and who may do it.

    `stated` are the network's own permissions; those of the system roles are always told.
    """
    return msgspec.structs.replace(
        _outline(operation),
        parent=_outline(operation.parent) if operation.parent else None,
        descendants=[document(child, stated) for child in operation.children],
        permissions=list(_permissions(operation, stated or {})),
    )


def _outline(operation: Operation) -> OperationDocument:
    return OperationDocument(
        uid=operation.uid,
        singular_name=operation.singular,
        plural_name=operation.plural,
        full_name=operation.full_name,
        target_entity=operation.entity,
        appliance=operation.appliance,
        parent=None,
        descendants=None,
        permissions=None,
    )


def _permissions(operation: Operation, stated: Stated) -> Iterator[Permission]:
    """What is stated for the operation itself first, then what others inherit, with the date of what is inherited."""
    told = set()
    for ancestor in operation.lineage:
        for permission in (*map(_fixed, ancestor.role_rules), *stated.get(ancestor.uid, ())):
            holder = (permission.principal.type, permission.principal.id)
            if holder not in told:
                told.add(holder)
                yield msgspec.structs.replace(
                    permission, operation_uid=operation.uid, is_inherited=ancestor is not operation
                )


def _fixed(rule: RoleRule) -> Permission:
    return Permission(
        operation_uid="",
        principal=Principal(name=rule.role.name, is_custom=False, type="Role", id=rule.role.id),
        is_fixed=True,
        is_allowed=rule.is_allowed,
        creation_date=rule.created,
    )
