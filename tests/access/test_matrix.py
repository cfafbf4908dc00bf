"""Every endpoint of a network by everybody who may call it: each cell of the matrix, from the declarations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from signfleet.access.operations.catalogue import VIEW_DEVICE, VIEW_GROUP, VIEW_USER, allowed_by_system_role
from signfleet.access.operations.operation import Operation
from signfleet.http.endpoint import Endpoint
from tests.access.callers import (
    CUSTOM_ROLE,
    FORBIDDEN,
    HIDDEN,
    OK,
    UNAUTHENTICATED,
    Caller,
    calls,
    cast,
    outcome,
    strangers,
)
from tests.access.granted import Rule
from tests.conftest import CallAs, SignIn
from tests.devices.stored import register
from tests.world import GIVEN, OFFERED, ULLA, World, name

ENDPOINTS = [endpoint for endpoint in OFFERED if endpoint.caller == "network"]

#: What has permissions of its own, with the operation that lets it be seen, and where it stands in a path.
VIEWS = {"Device": VIEW_DEVICE, "Group": VIEW_GROUP, "User": VIEW_USER}
SEGMENTS = {"Device": "{device}", "Group": "{group}", "User": "{user}", "Role": "{role}"}
NAMES = {"Device": "A1", "Group": "Gamma", "User": ULLA, "Role": "Rho"}
FROM_ELSEWHERE = "another network's administrator"
DENIED = "an administrator denied one thing"


def is_instance(endpoint: Endpoint, operation: Operation) -> bool:
    """Whether the path names one thing of the kind that the operation is about."""
    return SEGMENTS.get(operation.root.entity, "?") in endpoint.path


def is_collection(endpoint: Endpoint) -> bool:
    """Whether what is answered, or deleted, is just what the caller may see."""
    paths = (
        "/(Devices/(|Count/|All/Notes/|Regions/.*|ScreenShots/)|Groups/Regular/(|Count/)|Users/|Tags/(Keys|Values)/)"
    )
    return endpoint.method in ("GET", "DELETE") and re.fullmatch(f".*/REST{paths}", endpoint.path) is not None


def by_role(role_id: int) -> Callable[[Endpoint], str]:
    """What a role of every network gets."""

    def expects(endpoint: Endpoint) -> str:
        operation = endpoint.operation
        if operation is None or allowed_by_system_role(operation.uid, role_id):
            return OK
        if operation is VIEW_USER:  # everybody sees themselves
            return HIDDEN if is_instance(endpoint, operation) else OK
        return FORBIDDEN

    return expects


def with_object_allowed(endpoint: Endpoint) -> str:
    """What somebody without a role gets who is allowed the operation on one thing."""
    operation = endpoint.operation
    if operation is None:
        return OK
    if operation.root.entity not in VIEWS or "Instance" not in operation.appliance:
        return FORBIDDEN
    return OK if is_instance(endpoint, operation) or is_collection(endpoint) else FORBIDDEN


def with_object_denied(endpoint: Endpoint) -> str:
    """What an administrator gets who is denied the operation on one thing."""
    operation = endpoint.operation
    if operation is None or operation.root.entity not in VIEWS or "Instance" not in operation.appliance:
        return OK
    if not is_instance(endpoint, operation):
        return OK
    return HIDDEN if operation is VIEWS[operation.root.entity] else FORBIDDEN


def from_elsewhere(endpoint: Endpoint) -> str:
    """What the administrator of another network gets."""
    names_ours = any(segment in endpoint.path for segment in SEGMENTS.values())
    theirs = ("/Setups/Tokens/{token}/", "{setup_token}", "{serial}", "explain")
    return HIDDEN if names_ours or any(part in endpoint.path for part in theirs) else OK


def hidden_from(caller: Caller, endpoint: Endpoint) -> list[str]:
    """The names of things that no answer to this caller may tell."""
    if caller.name == FROM_ELSEWHERE:
        return list(NAMES.values())
    views = [entity for entity, view in VIEWS.items() if caller.name == DENIED and endpoint.operation is view]
    return [NAMES[entity] for entity in views]


async def everybody(world: World, call_as: CallAs, sign_in: SignIn) -> list[Caller]:
    """Everybody there is."""
    people = await cast(world, call_as)
    (b2,) = await register(world.services.store, world.network.network_id, ["B2"])

    def permitted(endpoint: Endpoint) -> list[Rule]:
        if endpoint.operation is None:
            return []
        operations = {endpoint.operation, VIEWS.get(endpoint.operation.root.entity, endpoint.operation), VIEW_USER}
        if endpoint.path.endswith("/Permissions/"):  # they give what they have
            operations.add(GIVEN)
        return [Rule(operation, "Role", CUSTOM_ROLE) for operation in operations]

    def on_object(endpoint: Endpoint, user_id: int, *, allowed: bool) -> list[Rule]:
        operation = endpoint.operation
        if operation is None or operation.root.entity not in VIEWS:
            return []
        on = world.ids[operation.root.entity]
        operations = {operation, VIEWS[operation.root.entity]} if allowed else {operation}
        return [Rule(one, "User", user_id, on, allowed) for one in operations]

    return [
        *await strangers(world, call_as, await sign_in(), UNAUTHENTICATED),
        Caller("the wrong scope", call_as(await sign_in(scope="bsn.api.self")), lambda endpoint: FORBIDDEN),
        Caller("no network", call_as(await sign_in(choose=False)), lambda endpoint: FORBIDDEN),
        Caller("a player", call_as((await world.player(device_id=b2)).access_token), lambda endpoint: FORBIDDEN),
        *[Caller(role.name, person.client, by_role(role.id)) for role, person in people.roles.items()],
        Caller("a custom role, permitted", people.custom.client, lambda endpoint: OK, permitted),
        Caller("a custom role without permissions", people.custom.client, by_role(CUSTOM_ROLE)),
        Caller(
            "somebody allowed one thing",
            people.roleless.client,
            lambda endpoint: OK if endpoint.operation is VIEW_USER else with_object_allowed(endpoint),
            lambda endpoint: on_object(endpoint, people.roleless.owner.user_id, allowed=True),
        ),
        Caller(
            DENIED,
            people.denied.client,
            with_object_denied,
            lambda endpoint: on_object(endpoint, people.denied.owner.user_id, allowed=False),
        ),
        Caller(FROM_ELSEWHERE, people.elsewhere.client, from_elsewhere),
    ]


async def test_every_cell_of_the_matrix(world: World, sign_in: SignIn, call_as: CallAs) -> None:
    wrong: dict[str, Any] = {}
    outcomes: set[str] = set()
    async for endpoint, caller, request, answer in calls(world, ENDPOINTS, await everybody(world, call_as, sign_in)):
        expected, told = caller.expects(endpoint), outcome(answer.status_code)
        # The device stands nowhere: who may ask is told so.
        if expected == OK and told == HIDDEN and "/Regions/Nowhere/" in request.url:
            told = OK
        outcomes.add(told)
        if told != expected:
            wrong[f"{name(endpoint)} by {caller.name}"] = (told, expected, answer.text[:100])
        if told == OK and any(f'"{hidden}"' in answer.text for hidden in hidden_from(caller, endpoint)):
            wrong[f"{name(endpoint)} leaks to {caller.name}"] = answer.text
    assert wrong == {}
    assert outcomes == {OK, UNAUTHENTICATED, FORBIDDEN, HIDDEN}
