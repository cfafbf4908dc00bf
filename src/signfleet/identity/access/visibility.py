"""Which instances a caller may do something with, as SQL: the rules of `rules`, over all instances at once.

For a caller the rules for all instances are known when a statement is built; what it has to look up is only what is
said of single instances, and of that only the kinds of rules that this caller has at all: mostly none, else one or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Table,
    and_,
    bindparam,
    case,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from signfleet.foundation.expressions.listing import EVERYTHING, AdmittedIds, Scope
from signfleet.foundation.expressions.sql import NETWORK
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device, device_group, permission, user
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_GROUP, VIEW_USER
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permission_store import TABLES
from signfleet.identity.access.rules import Rule, is_allowed, relevant

#: The id of the instances in a statement.
IdColumn = ColumnElement[int]
Condition = ColumnElement[bool]


class Whose(NamedTuple):
    """The parameters of a statement that say whose rules it looks up."""

    user: BindParameter[Any]
    role: BindParameter[Any]

    @classmethod
    def named(cls, name: str) -> Whose:
        return cls(
            bindparam(f"{name}_user_id", type_=BigInteger()),
            bindparam(f"{name}_role_id", type_=BigInteger()),
        )


CALLER: Final = Whose.named("caller")
#: Whose rights change: by these names a statement finds their rules after the change, and before.
AFTER: Final = Whose.named("after")
BEFORE: Final = Whose.named("before")
USER: Final = CALLER.user
#: So many things one statement of a check looks at: other writers wait meanwhile.
CANDIDATES: Final = 1000
#: What holds for an instance without rules of its own, and the kinds of rules that may say otherwise of others.
Decision = tuple[bool, tuple[Rule, ...]]

NOTHING: Final = Scope("nothing", (false(),))


def scope_of(
    general: Iterable[Rule],
    for_instances: Iterable[Rule],
    operation: Operation,
    column: IdColumn,
    *,
    user_id: int | None,
    role_id: int | None,
) -> Scope:
    """The instances, by the `column` of their id, on which `operation` is allowed to a caller.

    `general` are the caller's rules for all instances; `for_instances` the kinds of rules that they have for single
    ones: which instances those are for is left to the store.
    """
    base, steps = decision(general, for_instances, operation)
    if not steps:
        return EVERYTHING if base else NOTHING
    entity = operation.root.entity
    conditions, excluded = _conditions(column, entity, steps, base)
    admitted = AdmittedIds(_ids(entity, steps[0]), column) if len(steps) == 1 and not base else None
    name = f"{column} {base} {[(step.operation_uid, step.is_for_user, step.is_allowed) for step in steps]}"
    return Scope(name, conditions, {"caller_user_id": user_id, "caller_role_id": role_id}, excluded, admitted)


def decision(general: Iterable[Rule], for_instances: Iterable[Rule], operation: Operation) -> Decision:
    """Works out what the rules decide on an operation before any instance is looked at."""
    base = is_allowed(general, operation)
    steps = relevant(for_instances, operation)
    while steps and steps[-1].is_allowed == base:  # the weakest say what holds without them
        steps.pop()
    return base, tuple(steps)


def own_or(scope: Scope, column: IdColumn, user_id: int | None) -> Scope:
    """What a scope admits, and besides the entry of the caller, which nobody can hide from them."""
    if not scope.conditions:
        return scope
    wider = scope.or_where(column == USER)
    return replace(wider, parameters={**wider.parameters, "caller_user_id": user_id})


@lru_cache(512)
def gained(operation: Operation, mine: Decision, before: Decision, after: Decision) -> Query:
    """`entity_id`: a thing on which the caller may not do an operation, and somebody may who could not before.

    It has rules of its own: a denial to the caller, if the caller may in general; else a denial that the receiver
    loses, if the receiver may in general; else a permission for the receiver. `candidates` is how many there are with
    such a rule; with more than `CANDIDATES` some were not looked at.
    """
    entity, mentioned = operation.root.entity, permission.alias("mentioned")
    (is_mine, _), (is_theirs, _) = mine, after
    whose = CALLER if is_mine else BEFORE if is_theirs else AFTER
    principal = or_(
        and_(mentioned.c.principal_type == "User", mentioned.c.principal_id == whose.user),
        and_(mentioned.c.principal_type == "Role", mentioned.c.principal_id == whose.role),
    )
    named = mentioned.c.entity_id
    candidates = (
        select(named.label("entity_id"))
        .where(
            mentioned.c.network_id == NETWORK,
            principal,
            mentioned.c.entity == entity,
            or_(*(mentioned.c.operation_uid == ancestor.uid for ancestor in operation.lineage)),
            named != 0,
            not_(mentioned.c.is_allowed) if is_mine or is_theirs else mentioned.c.is_allowed,
        )
        .limit(CANDIDATES + 1)
        .subquery("candidate")
    )
    column = candidates.c.entity_id

    def may(decided_by: Decision, whose: Whose) -> ColumnElement[bool]:
        base, steps = decided_by
        return decided(column, entity, steps, base, whose=whose)

    first = (
        select(column).where(not_(may(mine, CALLER)), not_(may(before, BEFORE)), may(after, AFTER)).limit(1)
    ).scalar_subquery()
    count = select(func.count()).select_from(candidates).scalar_subquery()
    return Query(select(first.label("entity_id"), count.label("candidates")))


#: What single things can be seen by: the operation, and their id.
VIEWS: Final = {
    "Device": (VIEW_DEVICE, device.c.id),
    "Group": (VIEW_GROUP, device_group.c.id),
    "User": (VIEW_USER, user.c.id),
}
_named = permission.alias("named")
#: The user that a permission is for.
NAMED_ID: Final = _named.c.principal_id


def seen_among(column: IdColumn, scope: Scope) -> Query:
    """Those of the things with `ids` that a scope of `column` admits."""
    return Query(
        select(column.label("id")).where(column.table.c.network_id == NETWORK, among(column, "ids"), *scope.conditions)
    )


def naming_hidden(scope: Scope) -> Query:
    """Those of the devices with `ids` that have permissions for users outside a scope of `NAMED_ID`."""
    return Query(
        select(_named.c.entity_id.label("id"))
        .distinct()
        .where(
            _named.c.network_id == NETWORK,
            _named.c.entity == "Device",
            among(_named.c.entity_id, "ids"),
            _named.c.principal_type == "User",
            not_(and_(*scope.conditions)),
        )
    )


def unless_denied(scope: Scope, operation: Operation, column: IdColumn, user_id: int | None) -> Scope:
    """What a scope admits, and besides what nobody is denied the operation on, or one above it.

    What the caller denied to themself does not count: they may always lift it.
    """
    denial = select(permission.c.entity_id).where(
        permission.c.network_id == NETWORK,
        permission.c.entity == operation.root.entity,
        permission.c.entity_id == column,
        or_(*(permission.c.operation_uid == ancestor.uid for ancestor in operation.lineage)),
        not_(permission.c.is_allowed),
        not_(and_(permission.c.is_own, permission.c.principal_id == USER)),
    )
    wider = scope.or_where(not_(denial.correlate(column.table).exists()), f"{operation.key} denied to nobody")
    return replace(wider, parameters={**wider.parameters, "caller_user_id": user_id}) if wider.conditions else wider


@lru_cache(256)
def _conditions(
    column: IdColumn, entity: str, steps: tuple[Rule, ...], base: bool
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """The conditions of what is allowed and, where that is nearly everything, of what is not."""
    allowed = decided(column, entity, steps, base)
    exceptions = column.in_(
        select(permission.c.entity_id).where(
            or_(*(_matches(entity, step) for step in steps if step.is_allowed != base))
        )
    )
    if base:
        return (allowed,), (exceptions, not_(allowed))
    return ((exceptions,) if len(steps) == 1 else (exceptions, allowed)), ()


@lru_cache(256)
def _ids(entity: str, step: Rule) -> FromClause:
    """The ids of the instances that a rule is for, in the order of the index that has them."""
    return select(permission.c.entity_id.label("id")).where(_matches(entity, step)).subquery("admitted")


def remembered(
    general: Iterable[Rule],
    for_instances: Iterable[Rule],
    operation: Operation,
    column: IdColumn,
    *,
    user_id: int | None,
    role_id: int | None,
) -> Scope:
    """Like `scope_of`, for instances of which some are gone: what was decided for these counts on."""
    base, steps = decision(general, for_instances, operation)
    if not steps:
        return EVERYTHING if base else NOTHING
    name = f"{column} ever {base} {[(step.operation_uid, step.is_for_user, step.is_allowed) for step in steps]}"
    condition = decided(column, operation.root.entity, steps, base, tables=TABLES)
    return Scope(name, (condition,), {"caller_user_id": user_id, "caller_role_id": role_id})


def decided(
    column: IdColumn,
    entity: str,
    steps: Sequence[Rule],
    base: bool,
    *,
    whose: Whose = CALLER,
    tables: Sequence[Table] = TABLES[:1],
) -> Condition:
    """What the first rule that an instance has says; `base` where it has none."""
    if not steps:
        return _constant(base)
    if len(steps) == 1:  # it says the opposite of `base`
        present = _present(column, entity, steps[0], whose, tables)
        return not_(present) if base else present
    cases = ((_present(column, entity, step, whose, tables), _constant(step.is_allowed)) for step in steps)
    return case(*cases, else_=_constant(base))


def _constant(value: bool) -> Condition:
    return true() if value else false()


def _present(column: IdColumn, entity: str, step: Rule, whose: Whose, tables: Sequence[Table]) -> Condition:
    found = (
        select(table.c.entity_id)
        .where(_matches(entity, step, whose, table), table.c.entity_id == column)
        .correlate(column.table)
        .exists()
        for table in tables
    )
    return or_(*found)


def _matches(entity: str, step: Rule, whose: Whose = CALLER, permission: Table = permission) -> Condition:
    return and_(
        permission.c.network_id == NETWORK,
        permission.c.principal_type == ("User" if step.is_for_user else "Role"),
        permission.c.principal_id == (whose.user if step.is_for_user else whose.role),
        permission.c.entity == entity,
        permission.c.operation_uid == step.operation_uid,
        permission.c.entity_id != 0,
        permission.c.is_allowed == _constant(step.is_allowed),
    )
