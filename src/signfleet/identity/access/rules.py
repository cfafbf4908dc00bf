"""Evaluates rules: the one place that defines which rule takes precedence.

    for this instance   before   for every instance
    the operation       before   the one above it, up to Full Control
    for the user        before   for their role
    denied              before   allowed

The first of these lines in which two rules differ decides between them. Without a rule, nothing is allowed.
`visibility` computes the same in SQL, for many instances at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from signfleet.identity.access.operations.definitions import ROOTS
from signfleet.identity.access.operations.operation import Operation


class Rule(NamedTuple):
    """An operation allowed or denied to a user, or else to a role; for one instance, or else for all."""

    operation_uid: str
    is_for_user: bool
    is_allowed: bool
    is_for_instance: bool = False


def deciding(rules: Iterable[Rule], operation: Operation) -> Rule | None:
    """Returns the rule that decides an operation; None if there is none, and the operation is denied."""
    return next(iter(relevant(rules, operation)), None)


def is_allowed(rules: Iterable[Rule], operation: Operation) -> bool:
    """Returns whether the rules allow an operation."""
    rule = deciding(rules, operation)
    return rule is not None and rule.is_allowed


def relevant(rules: Iterable[Rule], operation: Operation) -> list[Rule]:
    """Returns the rules that apply to an operation, the strongest first.

    Rules for single instances count only if the operation applies to single instances.
    """
    lineage = {ancestor.uid for ancestor in operation.lineage}
    with_instances = "Instance" in operation.appliance
    found = (rule for rule in rules if rule.operation_uid in lineage and (with_instances or not rule.is_for_instance))
    return sorted(found, key=lambda rule: _rank(rule, operation))


def _rank(rule: Rule, operation: Operation) -> tuple[bool, int, bool, bool]:
    distance = [ancestor.uid for ancestor in operation.lineage].index(rule.operation_uid)
    return not rule.is_for_instance, distance, not rule.is_for_user, rule.is_allowed


@cache
def system_allows(role_id: int | None, operation: Operation) -> bool:
    """Returns whether a system role alone allows an operation."""
    return is_allowed(system_rules(role_id), operation)


@cache
def system_rules(role_id: int | None) -> tuple[Rule, ...]:
    """Returns the rules of a system role; none for any other role."""
    return tuple(
        Rule(operation.uid, False, rule.is_allowed)
        for root in ROOTS.values()
        for operation in root
        for rule in operation.role_rules
        if rule.role.id == role_id
    )
