"""Calls every endpoint of a network as every kind of caller and compares each outcome with the declarations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from signfleet.identity.access.operations.definitions import (
    DELETE_USER,
    DEVICE,
    UNIT_CONTROL,
    UPDATE_DEVICE,
    VIEW_DEVICE,
    VIEW_GROUP,
    VIEW_USER,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.users.store import USER_BY_ID
from signfleet.web.http.endpoint import Endpoint
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.callers import (
    CUSTOM_ROLE,
    FORBIDDEN,
    HIDDEN,
    OK,
    UNAUTHENTICATED,
    Caller,
    calls,
    cast,
    outcome,
    player_callers,
    unauthenticated_callers,
)
from tests.identity.access.granted import Rule
from tests.identity.access.system_roles import allowed_by_system_role
from tests.world import GIVEN, OFFERED, ULLA, World, name

ENDPOINTS = [endpoint for endpoint in OFFERED if endpoint.caller == "network"]

#: Entities with their own permissions: the operation to view each, its parameter in a path, and its name.
VIEWS = {"Device": VIEW_DEVICE, "Group": VIEW_GROUP, "User": VIEW_USER}
PARAMETERS = {"Device": "{device}", "Group": "{group}", "User": "{user}", "Role": "{role}"}
NAMES = {"Device": "A1", "Group": "Gamma", "User": ULLA, "Role": "Rho"}
#: Requests whose body names our network, and those whose query or body names an entity of it.
NAME_OUR_NETWORK = {"POST /rest-setup/v3/setup", "PUT /rest-setup/v3/setup"}
NAME_OURS_OUTSIDE_THE_PATH = {
    "DELETE /rest-setup/v3/setup",
    "DELETE /rest-device/v2/device",
    "PUT /rest-device/v2/device",
}
FROM_ELSEWHERE = "another network's administrator"
INVITED = "an invited person who has not accepted"
DENIED = "an administrator denied one entity"
DENIED_DEVICE = "an administrator denied one device"
CHANGE_DENIED = "an administrator denied changes of one device"
#: Callers who see jobs of others.
SEE_ALL_JOBS = {ADMINISTRATORS.name, DENIED, DENIED_DEVICE, CHANGE_DENIED}
#: Endpoints that can grant an operation on every device: a caller who is denied it on one must not.
GIVES = {"POST /Roles/{role}/Permissions/", "POST /Users/{user}/Permissions/"}


def is_of_a_command(endpoint: Endpoint) -> bool:
    """Returns whether the path names a command or a batch: it does not exist for those who could not send it."""
    return "{command}" in endpoint.path or "{batch}" in endpoint.path


def is_to_a_device(endpoint: Endpoint) -> bool:
    """Returns whether the path or the body names the device."""
    return any(part in name(endpoint) for part in (PARAMETERS["Device"], "{command}", "POST /admin/v1/commands/"))


def is_instance(endpoint: Endpoint, operation: Operation) -> bool:
    """Returns whether the path names one entity of the operation's type."""
    entity = operation.root.entity
    return PARAMETERS.get(entity, "?") in endpoint.path or (entity == "Device" and is_about_device(endpoint))


def is_about_device(endpoint: Endpoint) -> bool:
    """Returns whether the path names a device, or an alert about one."""
    return PARAMETERS["Device"] in endpoint.path or "{alert}" in endpoint.path or "/rest/v1/" in endpoint.path


def is_collection(endpoint: Endpoint) -> bool:
    """Returns whether the endpoint lists or deletes only what the caller sees."""
    paths = (
        "/admin/v1/alerts/|/2022/06/REST/"
        "(Devices/(|Count/|All/Notes/|Regions/.*|ScreenShots/)|Groups/Regular/(|Count/)|Users/|Tags/(Keys|Values)/)"
        "|/admin/v1/(health/(|count/)|overview/(|regions/)|command(s|-batches|-kinds)/)"
    )
    return endpoint.method in ("GET", "DELETE") and re.fullmatch(paths, endpoint.path) is not None


def by_role(role_id: int) -> Callable[[Endpoint], str]:
    """Returns the outcomes for a system role."""

    def expects(endpoint: Endpoint) -> str:
        operation = endpoint.operation
        if operation is None or allowed_by_system_role(operation.uid, role_id):
            is_hidden = is_of_a_command(endpoint) and not allowed_by_system_role(UNIT_CONTROL.uid, role_id)
            return HIDDEN if is_hidden else OK
        if operation is VIEW_USER:  # users see themselves
            return HIDDEN if is_instance(endpoint, operation) else OK
        return FORBIDDEN

    return expects


def with_object_allowed(endpoint: Endpoint) -> str:
    """Returns the outcome for a user without a role who is allowed the operation on one entity."""
    operation = endpoint.operation
    if operation is None:
        return OK
    if operation.root.entity not in VIEWS or "Instance" not in operation.appliance:
        return FORBIDDEN
    if is_of_a_command(endpoint):
        return OK if operation is UNIT_CONTROL and "{command}" in endpoint.path else HIDDEN
    if operation is UNIT_CONTROL:
        return OK
    if operation is UPDATE_DEVICE and endpoint.path.startswith(
        ("/admin/v1/changes/", "/admin/v1/import/")
    ):  # changes this one device; jobs of others do not exist
        return HIDDEN if "{job}" in endpoint.path else OK
    return OK if is_instance(endpoint, operation) or is_collection(endpoint) else FORBIDDEN


def with_object_denied(endpoint: Endpoint) -> str:
    """Returns the outcome for an administrator who is denied the operation on one entity."""
    operation = endpoint.operation
    if operation is None or operation.root.entity not in VIEWS or "Instance" not in operation.appliance:
        return OK
    if operation in (VIEW_DEVICE, UNIT_CONTROL) and is_to_a_device(endpoint):
        return FORBIDDEN if name(endpoint) == "POST /admin/v1/commands/" else HIDDEN
    if not is_instance(endpoint, operation):
        return OK
    return HIDDEN if operation is VIEWS[operation.root.entity] else FORBIDDEN


def with_device_denied(endpoint: Endpoint) -> str:
    """Returns the outcome for an administrator who is denied every operation on one device."""
    if is_about_device(endpoint) or is_to_a_device(endpoint):
        return HIDDEN
    return FORBIDDEN if name(endpoint) in GIVES else OK


def with_change_denied(endpoint: Endpoint) -> str:
    """Returns the outcome for an administrator who is denied Update on one device: deleting it would undo that."""
    changes = endpoint.operation is UPDATE_DEVICE or name(endpoint) == "DELETE /Devices/{device}/"
    return FORBIDDEN if changes and is_about_device(endpoint) else OK


def from_elsewhere(endpoint: Endpoint) -> str:
    """Returns the outcome for the administrator of another network."""
    names_ours = any(parameter in endpoint.path for parameter in PARAMETERS.values())
    theirs = (
        "/Setups/Tokens/{token}/",
        "{setup_token}",
        "{serial}",
        "{webhook}",
        "{message}",
        "{setup}",
        "explain",
    )
    theirs += ("{wall_link}", "{batch}", "{alert}", "{rule}", "{window}", "/rest/v1/")
    if name(endpoint) in NAME_OUR_NETWORK:
        return FORBIDDEN
    if "/count-setups/" in endpoint.path:  # counts records of one's own network
        return OK
    is_theirs = name(endpoint) in NAME_OURS_OUTSIDE_THE_PATH or is_to_a_device(endpoint)
    is_theirs = is_theirs or any(part in endpoint.path for part in theirs)
    return HIDDEN if names_ours or is_theirs else OK


def hidden_from(caller: Caller, endpoint: Endpoint) -> list[str]:
    """Returns the names of entities that no answer to this caller may contain."""
    if caller.name in (FROM_ELSEWHERE, INVITED):
        return list(NAMES.values())
    if caller.name == DENIED_DEVICE:  # devices of that serial were visible when deleted
        return [] if re.search("/(audit|blocked-serials|events)/", endpoint.path) else [NAMES["Device"]]
    views = [entity for entity, view in VIEWS.items() if caller.name == DENIED and endpoint.operation is view]
    return [NAMES[entity] for entity in views]


async def everybody(world: World, call_as: CallAs, sign_in: SignIn) -> list[Caller]:
    """Returns every kind of caller."""
    people = await cast(world, call_as)
    (b2,) = await register(world.services.store, world.network.network_id, ["B2"])

    def permitted(endpoint: Endpoint) -> list[Rule]:
        if endpoint.operation is None:
            return []
        operations = {endpoint.operation, VIEWS.get(endpoint.operation.root.entity, endpoint.operation), VIEW_USER}
        if is_of_a_command(endpoint):
            operations.add(UNIT_CONTROL)
        if endpoint.path.endswith("/Permissions/"):  # callers can grant only what they have
            operations.add(GIVEN)
        return [Rule(operation, "Role", CUSTOM_ROLE) for operation in operations]

    def on_object(endpoint: Endpoint, user_id: int, *, allowed: bool) -> list[Rule]:
        operation = endpoint.operation
        if operation is None or operation.root.entity not in VIEWS:
            return []
        on = world.ids[operation.root.entity]
        operations = {operation, VIEWS[operation.root.entity]} if allowed else {operation}
        return [Rule(one, "User", user_id, on, allowed) for one in operations]

    def on_device(operation: Operation) -> list[Rule]:
        return [Rule(operation, "User", people.denied.owner.user_id, world.ids["Device"], is_allowed=False)]

    invited = people.invited.owner
    without_network = await sign_in(invited.login, network_id=invited.network_id, choose=False)
    return [
        *await unauthenticated_callers(world, call_as, await sign_in(), UNAUTHENTICATED),
        Caller("the wrong scope", call_as(await sign_in(scope="bsn.api.self")), lambda endpoint: FORBIDDEN),
        Caller("no network", call_as(await sign_in(choose=False)), lambda endpoint: FORBIDDEN),
        Caller("a player", call_as((await world.player(device_id=b2)).access_token), lambda endpoint: FORBIDDEN),
        *await player_callers(world, call_as, lambda endpoint: FORBIDDEN),
        *[Caller(role.name, person.client, by_role(role.id)) for role, person in people.roles.items()],
        Caller("a custom role, permitted", people.custom.client, lambda endpoint: OK, permitted),
        Caller("a custom role without permissions", people.custom.client, by_role(CUSTOM_ROLE)),
        Caller(
            "a user allowed one entity",
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
        *[
            Caller(title, people.denied.client, expects, lambda endpoint, one=operation: on_device(one))
            for title, operation, expects in (
                (DENIED_DEVICE, DEVICE, with_device_denied),
                (CHANGE_DENIED, UPDATE_DEVICE, with_change_denied),
            )
        ],
        Caller(FROM_ELSEWHERE, people.elsewhere.client, from_elsewhere),
        Caller(INVITED, people.invited.client, from_elsewhere),
        Caller(f"{INVITED}, without a network", call_as(without_network), lambda endpoint: FORBIDDEN),
    ]


#: On PostgreSQL one caller in so many, others for each endpoint: the rules are the same, and the conditions of
#: statements have tests of their own on both stores.
ONE_IN = {"sqlite": 1, "postgresql": 3}


async def test_every_cell_of_the_matrix(world: World, sign_in: SignIn, call_as: CallAs) -> None:
    wrong: dict[str, Any] = {}
    outcomes: set[str] = set()
    callers = await everybody(world, call_as, sign_in)
    one_in = ONE_IN[world.services.store.dialect]
    assert one_in == 1 or len(callers) % one_in
    async for endpoint, caller, request, answer in calls(world, ENDPOINTS, callers, one_in=one_in):
        expected, actual = caller.expects(endpoint), outcome(answer.status_code)
        if expected == OK and "{job}" in endpoint.path and caller.name not in SEE_ALL_JOBS:
            expected = HIDDEN
        # The device has no region: a caller with the permission gets a 404 for that.
        if expected == OK and actual == HIDDEN and "/Regions/Nowhere/" in request.url:
            actual = OK
        outcomes.add(actual)
        if actual != expected:
            wrong[f"{name(endpoint)} by {caller.name}"] = (actual, expected, answer.text[:100])
        if actual == OK and any(f'"{hidden}"' in answer.text for hidden in hidden_from(caller, endpoint)):
            wrong[f"{name(endpoint)} leaks to {caller.name}"] = answer.text
    assert wrong == {}
    assert outcomes == {OK, UNAUTHENTICATED, FORBIDDEN, HIDDEN}


async def test_administrators_see_an_invited_user_as_a_user(world: World, call_as: CallAs) -> None:
    """Except for tokens: an invited user has none."""
    people = await cast(world, call_as)
    wrong: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        if PARAMETERS["User"] in endpoint.path and "{token}" not in endpoint.path:
            row = await world.services.store.one(USER_BY_ID, id=people.pending)
            assert row is not None
            assert row.activation_date is None
            world.ids["User"] = people.pending
            request = await world.request(endpoint)
            answer = await world.admin.request(request.method, request.url, **request.sent)
            if outcome(answer.status_code) != OK:
                wrong[name(endpoint)] = answer.text
            if endpoint.method == "DELETE" and endpoint.operation is DELETE_USER:
                here = world.network.network_id
                people = people._replace(pending=await world.invitation(people.invited.owner, network_id=here))
    assert wrong == {}
