"""The precedence of rules, case by case."""

from __future__ import annotations

import pytest

from signfleet.identity.access.operations.definitions import DEVICE, UPDATE_DEVICE, VIEW_DEVICE, VIEW_GROUP
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from signfleet.identity.access.rules import Rule, deciding, is_allowed, system_rules


def rule(operation=VIEW_DEVICE, *, user=False, allowed=True, instance=False) -> Rule:
    return Rule(operation.uid, user, allowed, instance)


def test_nothing_is_allowed_without_a_rule() -> None:
    assert deciding([], VIEW_DEVICE) is None
    assert not is_allowed([rule(VIEW_GROUP)], VIEW_DEVICE)


def test_full_control_allows_its_child_operations() -> None:
    assert is_allowed([rule(DEVICE)], UPDATE_DEVICE)


def test_a_rule_for_another_operation_is_ignored() -> None:
    assert not is_allowed([rule(VIEW_DEVICE)], UPDATE_DEVICE)
    assert not is_allowed([rule(VIEW_DEVICE)], DEVICE)


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ({"instance": True, "operation": DEVICE, "user": False}, {"operation": VIEW_DEVICE, "user": True}),
        ({"operation": VIEW_DEVICE, "user": False}, {"operation": DEVICE, "user": True}),
        ({"user": True}, {"user": False}),
    ],
    ids=["an instance's before an operation's", "an operation's before its parent's", "a user's before a role's"],
)
@pytest.mark.parametrize("allowed", [True, False])
def test_the_stronger_rule_decides(stronger, weaker, allowed: bool) -> None:
    rules = [rule(**weaker, allowed=not allowed), rule(**stronger, allowed=allowed)]
    assert is_allowed(rules, VIEW_DEVICE) is allowed
    assert is_allowed(rules[::-1], VIEW_DEVICE) is allowed


def test_between_equal_rules_a_denial_wins() -> None:
    assert not is_allowed([rule(allowed=True), rule(allowed=False)], VIEW_DEVICE)


def test_only_system_roles_have_built_in_rules() -> None:
    assert is_allowed(system_rules(ADMINISTRATORS.id), UPDATE_DEVICE)
    assert is_allowed(system_rules(VIEWERS.id), VIEW_DEVICE)
    assert not is_allowed(system_rules(VIEWERS.id), UPDATE_DEVICE)
    assert system_rules(7) == system_rules(None) == ()
