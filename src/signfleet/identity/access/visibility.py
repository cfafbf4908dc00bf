"""Turns a caller's rules into SQL conditions: the decision of `rules`, for all instances at once (docs/adr/0022).

A caller's rules for all instances are known when a statement is built. The statement looks up only rules for single
instances, and only of the kinds that this caller has: mostly none, else one or two.

Example: a Viewer, who may view all devices, is denied to view device 7 and device 9. `decision` gives the base True
and one step, "denied to the user". The condition on a list of devices is

    NOT EXISTS (SELECT entity_id FROM permission WHERE network_id = … AND principal_type = 'User'
        AND principal_id = :caller_user_id AND entity = 'Device' AND operation_uid = <View Device>
        AND entity_id <> 0 AND NOT is_allowed AND entity_id = device.id)

Whichever devices are denied, the text stays the same, so the statement is compiled once. With two steps, such as
"denied to the user" before "allowed to the role", it is CASE WHEN EXISTS (…) THEN false WHEN EXISTS (…) THEN true
ELSE base END, in the order of precedence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

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

from signfleet.foundation.expressions.admitted import AdmittedIds
from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.expressions.sql import NETWORK
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import device, device_group, permission, user
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_GROUP, VIEW_USER
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permission_store import TABLES
from signfleet.identity.access.rules import Rule, is_allowed, relevant

#: The id column of the instances in a statement.
IdColumn = ColumnElement[int]
Condition = ColumnElement[bool]


class WithId(Protocol):
    id: int


class Escalation(Protocol):
    #: None: the change grants nothing that the caller may not do.
    entity_id: int | None
    #: How many instances there are to read; if there are more than `CANDIDATES_LIMIT`, some were not read.
    candidates: int


class PrincipalParameters(NamedTuple):
    """The parameters of a statement for the user and the role whose rules it looks up."""

    user: BindParameter[Any]
    role: BindParameter[Any]

    @classmethod
    def named(cls, name: str) -> PrincipalParameters:
        return cls(
            bindparam(f"{name}_user_id", type_=BigInteger()),
            bindparam(f"{name}_role_id", type_=BigInteger()),
        )


CALLER: Final = PrincipalParameters.named("caller")
#: The principal whose rights change: its user and role after the change, and before.
AFTER: Final = PrincipalParameters.named("after")
BEFORE: Final = PrincipalParameters.named("before")
USER: Final = CALLER.user
#: How many instances one statement of a check reads at most: other writers wait meanwhile.
CANDIDATES_LIMIT: Final = 1000
#: The base, which decides for instances without rules of their own, and the steps: the kinds of rules for single
#: instances that may decide otherwise, the strongest first.
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
    """Returns the instances, by the `column` of their id, on which a caller may do `operation`.

    `general` are the caller's rules for all instances, `for_instances` the kinds of their rules for single ones. The
    statement finds the instances of the latter.
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
    """Returns what the rules decide on an operation before any instance is read."""
    base = is_allowed(general, operation)
    steps = relevant(for_instances, operation)
    while steps and steps[-1].is_allowed == base:  # the weakest steps decide like the base
        steps.pop()
    return base, tuple(steps)


def or_own(scope: Scope, column: IdColumn, user_id: int | None) -> Scope:
    """Widens a scope of users by the caller, whom nobody can hide from themselves."""
    if not scope.conditions:
        return scope
    wider = scope.or_where(column == USER)
    return replace(wider, parameters={**wider.parameters, "caller_user_id": user_id})


@lru_cache(512)
def escalation(operation: Operation, mine: Decision, before: Decision, after: Decision) -> Query[Escalation]:
    """Returns a statement for an instance on which a change would let a principal do what the caller may not.

    Such an instance has a rule of its own: a denial to the caller, if the caller may in general; else a denial to the
    principal that no longer applies, if the principal may in general; else a permission for the principal. Only
    instances with such a rule are candidates.
    """
    entity, mentioned = operation.root.entity, permission.alias("mentioned")
    (is_mine, _), (is_theirs, _) = mine, after
    ruled = CALLER if is_mine else BEFORE if is_theirs else AFTER
    has_rule = or_(
        and_(mentioned.c.principal_type == "User", mentioned.c.principal_id == ruled.user),
        and_(mentioned.c.principal_type == "Role", mentioned.c.principal_id == ruled.role),
    )
    named = mentioned.c.entity_id
    candidates = (
        select(named.label("entity_id"))
        .where(
            mentioned.c.network_id == NETWORK,
            has_rule,
            mentioned.c.entity == entity,
            or_(*(mentioned.c.operation_uid == ancestor.uid for ancestor in operation.lineage)),
            named != 0,
            not_(mentioned.c.is_allowed) if is_mine or is_theirs else mentioned.c.is_allowed,
        )
        .limit(CANDIDATES_LIMIT + 1)
        .subquery("candidate")
    )
    column = candidates.c.entity_id

    def may(decided_by: Decision, principal: PrincipalParameters) -> Condition:
        base, steps = decided_by
        return allowed_condition(column, entity, steps, base, principal=principal)

    first = (
        select(column).where(not_(may(mine, CALLER)), not_(may(before, BEFORE)), may(after, AFTER)).limit(1)
    ).scalar_subquery()
    count = select(func.count()).select_from(candidates).scalar_subquery()
    return Query(select(first.label("entity_id"), count.label("candidates")), Escalation)


#: The operation that makes instances of an entity visible, and the column of their id.
VIEWS: Final = {
    "Device": (VIEW_DEVICE, device.c.id),
    "Group": (VIEW_GROUP, device_group.c.id),
    "User": (VIEW_USER, user.c.id),
}
_named = permission.alias("named")
#: The user of a permission, if its principal is one.
NAMED_ID: Final = _named.c.principal_id


def visible_among(column: IdColumn, scope: Scope) -> Query[WithId]:
    """Returns a statement for those of the instances with `ids` that a scope of `column` admits."""
    return Query(
        select(column.label("id")).where(column.table.c.network_id == NETWORK, among(column, "ids"), *scope.conditions),
        WithId,
    )


def naming_hidden_users(scope: Scope) -> Query[WithId]:
    """Returns a statement for those of the devices with `ids` that have permissions for users outside a scope.

    It is a scope of `NAMED_ID`.
    """
    return Query(
        select(_named.c.entity_id.label("id"))
        .distinct()
        .where(
            _named.c.network_id == NETWORK,
            _named.c.entity == "Device",
            among(_named.c.entity_id, "ids"),
            _named.c.principal_type == "User",
            not_(and_(*scope.conditions)),
        ),
        WithId,
    )


def or_denied_to_nobody(scope: Scope, operation: Operation, column: IdColumn, user_id: int | None) -> Scope:
    """Widens a scope by the instances on which nobody is denied the operation or one above it.

    What callers denied to themselves does not count: they may always lift it.
    """
    if not scope.conditions:
        return scope
    wider = scope.or_where(_denied_to_nobody(operation, column), f"{operation.key} denied to nobody")
    return replace(wider, parameters={**wider.parameters, "caller_user_id": user_id})


@lru_cache(256)
def _denied_to_nobody(operation: Operation, column: IdColumn) -> Condition:
    denial = select(permission.c.entity_id).where(
        permission.c.network_id == NETWORK,
        permission.c.entity == operation.root.entity,
        permission.c.entity_id == column,
        or_(*(permission.c.operation_uid == ancestor.uid for ancestor in operation.lineage)),
        not_(permission.c.is_allowed),
        not_(and_(permission.c.is_own, permission.c.principal_id == USER)),
    )
    return not_(denial.correlate(column.table).exists())


@lru_cache(256)
def _conditions(
    column: IdColumn, entity: str, steps: tuple[Rule, ...], base: bool
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Returns the conditions of what is allowed and, if that is nearly everything, of what is not."""
    allowed = allowed_condition(column, entity, steps, base)
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
    """Returns the ids of the instances that have a rule, in the order of its index."""
    return select(permission.c.entity_id.label("id")).where(_matches(entity, step)).subquery("admitted")


def scope_of_all_time(
    general: Iterable[Rule],
    for_instances: Iterable[Rule],
    operation: Operation,
    column: IdColumn,
    *,
    user_id: int | None,
    role_id: int | None,
) -> Scope:
    """Returns a scope like `scope_of`, in which archived permissions decide on deleted instances."""
    base, steps = decision(general, for_instances, operation)
    if not steps:
        return EVERYTHING if base else NOTHING
    name = f"{column} of all time {base} {[(step.operation_uid, step.is_for_user, step.is_allowed) for step in steps]}"
    condition = allowed_condition(column, operation.root.entity, steps, base, tables=TABLES)
    return Scope(name, (condition,), {"caller_user_id": user_id, "caller_role_id": role_id})


def allowed_condition(
    column: IdColumn,
    entity: str,
    steps: Sequence[Rule],
    base: bool,
    *,
    principal: PrincipalParameters = CALLER,
    tables: Sequence[Table] = TABLES[:1],
) -> Condition:
    """Returns whether the first of the steps that an instance has allows; `base` if it has none."""
    if not steps:
        return _constant(base)
    if len(steps) == 1:  # it decides the opposite of `base`
        present = _present(column, entity, steps[0], principal, tables)
        return not_(present) if base else present
    cases = ((_present(column, entity, step, principal, tables), _constant(step.is_allowed)) for step in steps)
    return case(*cases, else_=_constant(base))


def _constant(value: bool) -> Condition:
    return true() if value else false()


def _present(
    column: IdColumn, entity: str, step: Rule, principal: PrincipalParameters, tables: Sequence[Table]
) -> Condition:
    found = (
        select(table.c.entity_id)
        .where(_matches(entity, step, principal, table), table.c.entity_id == column)
        .correlate(column.table)
        .exists()
        for table in tables
    )
    return or_(*found)


def _matches(
    entity: str, step: Rule, principal: PrincipalParameters = CALLER, permission: Table = permission
) -> Condition:
    return and_(
        permission.c.network_id == NETWORK,
        permission.c.principal_type == ("User" if step.is_for_user else "Role"),
        permission.c.principal_id == (principal.user if step.is_for_user else principal.role),
        permission.c.entity == entity,
        permission.c.operation_uid == step.operation_uid,
        permission.c.entity_id != 0,
        permission.c.is_allowed == _constant(step.is_allowed),
    )
