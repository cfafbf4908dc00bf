"""Which instances a caller may do something with, as SQL: the rules of `rules`, over all instances at once.

For a caller the rules for all instances are known when a statement is built; what it has to look up is only what is
said of single instances, and of that only the kinds of rules that this caller has at all: mostly none, else one or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, bindparam, case, false, not_, or_, select, true

from signfleet.access.operations.operation import Operation
from signfleet.access.rules import Rule, is_allowed, relevant
from signfleet.expressions.listing import EVERYTHING, Admitted, Scope
from signfleet.expressions.sql import NETWORK
from signfleet.storage.tables import permission

#: The id of the instances in a statement.
IdColumn = ColumnElement[int]
Condition = ColumnElement[bool]

USER: Final = bindparam("caller_user_id", type_=BigInteger())
ROLE: Final = bindparam("caller_role_id", type_=BigInteger())

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
    base = is_allowed(general, operation)
    steps = relevant(for_instances, operation)
    while steps and steps[-1].is_allowed == base:  # the weakest say what holds without them
        steps.pop()
    if not steps:
        return EVERYTHING if base else NOTHING
    entity = operation.root.entity
    conditions, excluded = _conditions(column, entity, tuple(steps), base)
    admitted = Admitted(_ids(entity, steps[0]), column) if len(steps) == 1 and not base else None
    name = f"{column} {base} {[(step.operation_uid, step.is_for_user, step.is_allowed) for step in steps]}"
    return Scope(name, conditions, {"caller_user_id": user_id, "caller_role_id": role_id}, excluded, admitted)


def own_or(scope: Scope, column: IdColumn, user_id: int | None) -> Scope:
    """What a scope admits, and besides the entry of the caller, which nobody can hide from them."""
    wider = scope.or_where(column == USER)
    return replace(wider, parameters={**wider.parameters, "caller_user_id": user_id})


@lru_cache(256)
def _conditions(
    column: IdColumn, entity: str, steps: tuple[Rule, ...], base: bool
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """The conditions of what is allowed and, where that is nearly everything, of what is not."""
    allowed = _decided(column, entity, steps, base)
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


def _decided(column: IdColumn, entity: str, steps: Sequence[Rule], base: bool) -> Condition:
    """What the first rule that an instance has says; `base` where it has none."""
    if len(steps) == 1:  # it says the opposite of `base`
        present = _present(column, entity, steps[0])
        return not_(present) if base else present
    cases = ((_present(column, entity, step), _constant(step.is_allowed)) for step in steps)
    return case(*cases, else_=_constant(base))


def _constant(value: bool) -> Condition:
    return true() if value else false()


def _present(column: IdColumn, entity: str, step: Rule) -> Condition:
    found = select(permission.c.entity_id).where(_matches(entity, step), permission.c.entity_id == column)
    return found.correlate(column.table).exists()


def _matches(entity: str, step: Rule) -> Condition:
    return and_(
        permission.c.network_id == NETWORK,
        permission.c.principal_type == ("User" if step.is_for_user else "Role"),
        permission.c.principal_id == (USER if step.is_for_user else ROLE),
        permission.c.entity == entity,
        permission.c.operation_uid == step.operation_uid,
        permission.c.entity_id != 0,
        permission.c.is_allowed == _constant(step.is_allowed),
    )
