"""The contract's BusinessOperation, which the `…/Operations/` endpoints return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from signfleet.identity.access.operations.operation import Operation, RoleRule
from signfleet.identity.access.schemas import Permission, Principal


class OperationDocument(msgspec.Struct, rename="camel", frozen=True):
    """One operation with those below it. As a `parent`, it has neither descendants nor permissions."""

    uid: str
    singular_name: str
    plural_name: str
    full_name: str
    target_entity: str
    appliance: str
    parent: OperationDocument | None
    descendants: list[OperationDocument] | None
    permissions: list[Permission] | None


#: Permissions for all instances, by the uid of their operation.
PermissionsByUid = Mapping[str, Sequence[Permission]]


def document(
    operation: Operation, added: PermissionsByUid | None = None, *, additions: bool = False
) -> OperationDocument:
    """Returns an operation with its parent, the tree below it and its permissions.

    `added` are the permissions that users of the network have added; those of the system roles are always shown. With
    `additions`, the tree has also the operations that the contract lacks.
    """
    return msgspec.structs.replace(
        _outline(operation),
        parent=_outline(operation.parent) if operation.parent else None,
        descendants=[
            document(child, added, additions=additions)
            for child in operation.children
            if additions or not child.is_addition
        ],
        permissions=list(_permissions(operation, added or {})),
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


def _permissions(operation: Operation, added: PermissionsByUid) -> Iterator[Permission]:
    """Yields the operation's own permissions, then the inherited ones of other principals, with their dates."""
    seen = set()
    for ancestor in operation.lineage:
        for permission in (*map(_fixed, ancestor.role_rules), *added.get(ancestor.uid, ())):
            principal = (permission.principal.type, permission.principal.id)
            if principal not in seen:
                seen.add(principal)
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
