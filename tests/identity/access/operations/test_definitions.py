"""The business operations: their trees on the wire, their identities, and who may do what by system role."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from signfleet.identity.access.operations import definitions
from signfleet.identity.access.operations.definitions import ROOTS, by_uid
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import SYSTEM_ROLES
from signfleet.identity.operation_trees.schemas import document
from tests.examples import FOLDER as EXAMPLES
from tests.identity.access.system_roles import allowed_by_system_role

OPERATIONS = [operation for root in ROOTS.values() for operation in root]

EVERYBODY = {1, 2, 3, 4, 5, 6}


def roles_allowed(operation: Operation) -> set[int]:
    return {role.id for role in SYSTEM_ROLES if allowed_by_system_role(operation.uid, role.id)}


@pytest.mark.parametrize(
    ("entity", "example"),
    [
        ("Device", "001-39-get-devices-operations-answer.json"),
        ("Subscription", "004-03-get-subscriptions-operations-answer.json"),
    ],
)
def test_the_operation_trees_equal_the_contract(entity: str, example: str) -> None:
    answer = json.loads(msgspec.json.encode(document(ROOTS[entity])))
    expected = json.loads((EXAMPLES / example).read_text())
    # As text, so that the order of the members counts too.
    assert json.dumps(answer, indent=1) == json.dumps(expected, indent=1)


def test_uids_are_lower_case_guids_and_each_is_used_once() -> None:
    uids = [operation.uid for operation in OPERATIONS]
    assert [str(UUID(uid)) for uid in uids] == uids
    assert len(set(uids)) == len(uids)


def test_keys_are_unique() -> None:
    keys = [operation.key for operation in OPERATIONS]
    assert len(set(keys)) == len(keys)


def test_own_uids_never_change() -> None:
    of_trees = {operation for root in list(ROOTS.values())[2:] for operation in root}
    own = {one.key: one.uid for one in OPERATIONS if one in of_trees or one.is_addition}
    assert own == json.loads((Path(__file__).parent / "own_uids.json").read_text())


def test_every_operation_has_a_constant() -> None:
    constants = {id(value) for value in vars(definitions).values() if isinstance(value, Operation)}
    assert [operation.key for operation in OPERATIONS if id(operation) not in constants] == []


def test_every_root_states_a_rule_for_each_system_role() -> None:
    for root in ROOTS.values():
        assert [rule.role for rule in root.role_rules] == list(SYSTEM_ROLES)


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_operations_are_found_in_any_letter_case(spell: Callable[[str], str]) -> None:
    for operation in OPERATIONS:
        assert by_uid(spell(operation.uid)) is operation


@pytest.mark.parametrize("uid", ["", "no guid", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_uid_is_denied(uid: str) -> None:
    assert by_uid(uid) is None
    assert not any(allowed_by_system_role(uid, role) for role in EVERYBODY)


@pytest.mark.parametrize("role", [-1, 0, 7, 12345])
def test_a_custom_role_has_no_built_in_rule(role: int) -> None:
    assert not any(allowed_by_system_role(operation.uid, role) for operation in OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "allowed"),
    [
        (definitions.DEVICE, {1, 2, 5}),
        (definitions.VIEW_DEVICE, {1, 2, 5, 6}),
        (definitions.VIEW_SCREENSHOTS, {1, 2, 5, 6}),
        (definitions.UPDATE_DEVICE, {1, 2, 5}),
        (definitions.EDIT_DEVICE_PERMISSIONS, {1, 2, 5}),
        (definitions.SEND_LOOK_COMMANDS, {1, 2, 5}),
        (definitions.SEND_DANGER_COMMANDS, {1}),
        (definitions.SUBSCRIPTION, {1, 2}),
        (definitions.VIEW_SUBSCRIPTION, {1, 2, 5, 6}),
        (definitions.EXPORT_SUBSCRIPTIONS, {1, 2, 6}),
        (definitions.UPDATE_SUBSCRIPTION, {1, 2}),
        (definitions.VIEW_GROUP, {1, 2, 4, 5, 6}),
        (definitions.DELETE_GROUP, {1, 2, 5}),
        (definitions.VIEW_USER, {1, 2}),
        (definitions.LOCK_USER, {1}),
        (definitions.CREATE_ROLE, {1}),
        (definitions.VIEW_NETWORK, EVERYBODY),
        (definitions.UPDATE_NETWORK_SETTINGS, {1}),
    ],
    ids=lambda value: value.key if isinstance(value, Operation) else "",
)
def test_a_stated_rule_beats_the_parents_and_all_else_is_inherited(operation: Operation, allowed: set[int]) -> None:
    assert roles_allowed(operation) == allowed


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.key)
def test_the_answer_equals_the_enforced_rules(operation: Operation) -> None:
    permissions = document(operation).permissions or []
    assert {permission.principal.id for permission in permissions if permission.is_allowed} == roles_allowed(operation)
    assert len(permissions) == len(SYSTEM_ROLES)
