"""A tree of operations in the contract's form (BusinessOperation), as `…/Operations/` endpoints answer it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from .operation import Operation, RoleRule


class RolePrincipal(msgspec.Struct, rename="camel", frozen=True):
    """A role as the holder of a permission."""

    name: str
    is_custom: bool
    type: str
    id: int


class RolePermission(msgspec.Struct, rename="camel", frozen=True):
    """What a role may or may not do, for no entity in particular."""

    entity_id: None
    operation_uid: str = msgspec.field(name="operationUID")
    principal: RolePrincipal
    is_fixed: bool
    is_inherited: bool
    is_allowed: bool
    creation_date: str


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
    permissions: list[RolePermission] | None


def document(operation: Operation) -> OperationDocument:
    """The operation as the wire shows it: its parent named, the tree below it, and the system roles' permissions."""
    return msgspec.structs.replace(
        _outline(operation),
        parent=_outline(operation.parent) if operation.parent else None,
        descendants=[document(child) for child in operation.children],
        permissions=list(_permissions(operation)),
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


def _permissions(operation: Operation) -> Iterator[RolePermission]:
    """The operation's own rules first, then what the other roles inherit, with the date of the rule inherited."""
    stated = set()
    ancestor: Operation | None = operation
    while ancestor is not None:
        for rule in ancestor.role_rules:
            if rule.role not in stated:
                stated.add(rule.role)
                yield _permission(operation, rule, is_inherited=ancestor is not operation)
        ancestor = ancestor.parent


def _permission(operation: Operation, rule: RoleRule, *, is_inherited: bool) -> RolePermission:
    return RolePermission(
        entity_id=None,
        operation_uid=operation.uid,
        principal=RolePrincipal(name=rule.role.name, is_custom=False, type="Role", id=rule.role.id),
        is_fixed=True,
        is_inherited=is_inherited,
        is_allowed=rule.is_allowed,
        creation_date=rule.created,
    )
