"""Calls every endpoint for people, for players and for the public as every kind of caller.

Below /Self people reach their own entities: only changing a network needs a role, and entities of other people are
404. Players reach their own device. Public endpoints ignore tokens.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from httpx import AsyncClient, Response

from signfleet.identity.access.operations.definitions import (
    DEVICE,
    UPDATE_NETWORK_SETTINGS,
    UPDATE_NETWORK_SUBSCRIPTION,
)
from signfleet.identity.access.operations.operation import Operation
from signfleet.web.caller.scopes import DEVICE_SCOPE, USER_SCOPE
from signfleet.web.http.endpoint import Endpoint
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.callers import (
    CUSTOM_ROLE,
    FORBIDDEN,
    HIDDEN,
    OK,
    UNAUTHENTICATED,
    Caller,
    Member,
    calls,
    cast,
    outcome,
    player_callers,
    unauthenticated_callers,
)
from tests.identity.access.granted import Rule
from tests.identity.access.system_roles import allowed_by_system_role
from tests.shapes import without_numbers
from tests.world import OFFERED, World, name

pytestmark = [ON_SQLITE]

FOR_PEOPLE = [endpoint for endpoint in OFFERED if endpoint.caller == "person"]
FOR_PLAYERS = [endpoint for endpoint in OFFERED if endpoint.caller == "device"]
PUBLIC = [endpoint for endpoint in OFFERED if endpoint.caller == "public"]

#: Endpoints below /Self where the role in the network decides.
OF_NETWORK: dict[str, Operation] = {
    "PATCH /Self/Networks/{network}/": UPDATE_NETWORK_SETTINGS,
    "PUT /Self/Networks/{network}/Settings/": UPDATE_NETWORK_SETTINGS,
    "PUT /Self/Networks/{network}/Subscription/": UPDATE_NETWORK_SUBSCRIPTION,
}
PERSONAL = re.compile(r"\{(application|invitation|network|session|user|token)\}")


def everything(_endpoint: Endpoint) -> str:
    return OK


def of_another_player(endpoint: Endpoint) -> str:
    """Returns the outcomes for a player that reaches its own device, but no command to device A1."""
    return HIDDEN if "{command}" in endpoint.path else OK


def nothing(_endpoint: Endpoint) -> str:
    return FORBIDDEN


# --- people


def own_things(role_id: int | None) -> Any:
    """Returns the outcomes for a member of a network who reads and changes their own entities."""

    def expects(endpoint: Endpoint) -> str:
        operation = OF_NETWORK.get(name(endpoint))
        if operation is None or (role_id is not None and allowed_by_system_role(operation.uid, role_id)):
            return OK
        return FORBIDDEN

    return expects


def without_a_network(endpoint: Endpoint) -> str:
    return HIDDEN if name(endpoint) == "GET /Self/Session/Network/" else OK


async def people(world: World, call_as: CallAs, sign_in: SignIn) -> list[Caller]:
    made = await cast(world, call_as)

    def about_the_network(principal: tuple[str, int], *, on: int = 0, is_allowed: bool = True) -> Any:
        def rules(endpoint: Endpoint) -> list[Rule]:
            operation = OF_NETWORK.get(name(endpoint))
            return [] if operation is None else [Rule(operation, *principal, on, is_allowed)]

        return rules

    def member(
        title: str, person: Member, expects: Any, principal: tuple[str, int] | None = None, **rule: Any
    ) -> Caller:
        rules = about_the_network(principal, **rule) if principal else lambda endpoint: []
        return Caller(title, person.client, expects, rules, person.owner)

    def on_device(_endpoint: Endpoint) -> list[Rule]:
        return [Rule(DEVICE, "User", made.denied.owner.user_id, world.ids["Device"], is_allowed=False)]

    this_network = world.network.network_id
    a_player, with_every_scope = [await world.player(scope=scope) for scope in (DEVICE_SCOPE, USER_SCOPE)]
    return [
        *await unauthenticated_callers(world, call_as, await sign_in(), UNAUTHENTICATED),
        Caller("the wrong scope", call_as(await sign_in(scope="bsn.api.main")), nothing),
        Caller("a player", call_as(a_player.access_token), nothing),
        Caller("a player with the scopes of people", call_as(with_every_scope.access_token), nothing),
        *await player_callers(world, call_as, nothing),
        Caller("no network", call_as(await sign_in(choose=False)), without_a_network),
        *[member(role.name, person, own_things(role.id)) for role, person in made.roles.items()],
        member("a custom role, permitted", made.custom, everything, ("Role", CUSTOM_ROLE)),
        member("a custom role without permissions", made.custom, own_things(CUSTOM_ROLE)),
        member(
            "a user allowed this network",
            made.roleless,
            everything,
            ("User", made.roleless.owner.user_id),
            on=this_network,
        ),
        member(
            "a user allowed another network",
            made.roleless,
            own_things(None),
            ("User", made.roleless.owner.user_id),
            on=made.elsewhere.owner.network_id,
        ),
        member(
            "an administrator denied this network",
            made.denied,
            own_things(None),
            ("User", made.denied.owner.user_id),
            on=this_network,
            is_allowed=False,
        ),
        member("an administrator denied one device", made.denied, everything)._replace(rules=on_device),
        member("another network's administrator", made.elsewhere, everything),
        member("a person invited to another network", made.invited, everything),
    ]


async def test_people_reach_their_own_entities(world: World, call_as: CallAs, sign_in: SignIn) -> None:
    await assert_every_cell(world, FOR_PEOPLE, await people(world, call_as, sign_in))


async def test_entities_of_another_person_are_404(world: World, call_as: CallAs) -> None:
    stranger = (await cast(world, call_as)).elsewhere.client
    theirs = [endpoint for endpoint in FOR_PEOPLE if PERSONAL.search(endpoint.path)]
    await assert_every_cell(world, theirs, [Caller("a stranger", stranger, lambda endpoint: HIDDEN)])


async def test_an_invitation_gives_access_to_nothing_until_accepted(world: World, call_as: CallAs) -> None:
    """Below /Self the invited person reaches neither network nor user, the inviting administrator not the user."""
    made = await cast(world, call_as)
    pending = made.invited.owner._replace(user_id=made.pending, network_id=world.network.network_id)
    of_user = [endpoint for endpoint in FOR_PEOPLE if "{user}" in endpoint.path]
    of_network = [endpoint for endpoint in FOR_PEOPLE if "{network}" in endpoint.path]
    hidden = [("invited", made.invited.client, of_user + of_network), ("inviting", world.admin, of_user)]
    for title, client, endpoints in hidden:
        await assert_every_cell(world, endpoints, [Caller(title, client, lambda endpoint: HIDDEN, owner=pending)])
    chosen = await made.invited.client.put("/Self/Session/Network/", json={"id": pending.network_id})
    assert chosen.status_code == 400
    listed = await made.invited.client.get("/Self/Users/")
    assert [user["network"]["id"] for user in listed.json()] == [made.invited.owner.network_id]


# --- players


async def test_players_reach_only_their_own_device(world: World, call_as: CallAs, sign_in: SignIn) -> None:
    made = await cast(world, call_as)
    elsewhere = made.elsewhere.owner.network_id
    b2, b3, gone = await register(world.services.store, world.network.network_id, ["B2", "B3", "B4"])
    (c1,) = await register(world.services.store, elsewhere, ["C1"])

    async def player(scope: str = DEVICE_SCOPE, device_id: int = b2, network_id: int = 0) -> AsyncClient:
        return call_as((await world.player(scope=scope, device_id=device_id, network_id=network_id)).access_token)

    of_the_deleted = await player(device_id=gone)
    assert (await world.admin.delete(f"/Devices/{gone}/")).status_code == 204
    setup_token = (await world.services.provisioning.issue(world.network.network_id, 2**42)).token
    joined = await world.joined()
    released = call_as(joined.access_token)
    release = await world.admin.post(f"{ROOT}/admin/v1/devices/{joined.device_id}/release/")
    assert release.status_code == 204
    await assert_every_cell(
        world,
        FOR_PLAYERS,
        [
            *await unauthenticated_callers(
                world, call_as, (await world.player(device_id=b3)).access_token, UNAUTHENTICATED
            ),
            Caller("a device that was deleted", of_the_deleted, lambda endpoint: UNAUTHENTICATED),
            Caller("a setup token", call_as(setup_token), lambda endpoint: UNAUTHENTICATED),
            Caller("the wrong scope", await player("cert"), nothing),
            Caller("a person with the scope of players", call_as(await sign_in(scope="bsn.api.device")), nothing),
            *[Caller(role.name, person.client, nothing) for role, person in made.roles.items()],
            Caller("a player", await player(), of_another_player),
            *await player_callers(world, call_as, of_another_player),
            Caller("a player that was released", released, lambda endpoint: UNAUTHENTICATED),
            Caller("a player of another network", await player(device_id=c1, network_id=elsewhere), of_another_player),
        ],
    )


# --- everybody

REGISTER = "POST /player/v1/register"
RENEW = "POST /player/v1/token"
#: Endpoints whose answer depends on what has happened since the last call.
METRICS = "/metrics"


def likeness(answer: Response) -> tuple[Any, ...]:
    """Returns the comparable part of an answer: all but secrets, names and dates, which differ each time."""
    media_type = answer.headers.get("Content-Type", "")
    text = "" if answer.request.url.path == METRICS else answer.text
    return answer.status_code, media_type, shape_of(text, is_json="json" in media_type)


@lru_cache(maxsize=8)
def shape_of(text: str, *, is_json: bool) -> Any:
    """Remembers the shapes of a few texts: documents are large, and most callers get the same."""
    return members(json.loads(text)) if text and is_json else without_numbers(re.sub(r"[\w-]{43}", "…", text))


def members(value: Any) -> Any:
    """Returns the member names of a document without their values."""
    if isinstance(value, dict):
        return {key: members(member) for key, member in value.items()}
    return [members(item) for item in value] if isinstance(value, list) else type(value)


async def test_public_endpoints_answer_every_caller_the_same(world: World, call_as: CallAs, sign_in: SignIn) -> None:
    made = await cast(world, call_as)
    callers = [
        *await unauthenticated_callers(world, call_as, await sign_in(), OK),
        Caller("the wrong scope", call_as(await sign_in(scope="bsn.api.upload")), everything),
        Caller("a player", call_as((await world.player()).access_token), everything),
        *[caller._replace(expects=everything) for caller in await player_callers(world, call_as, of_another_player)],
        Caller("an invited person", made.invited.client, everything),
        *[Caller(role.name, person.client, everything) for role, person in made.roles.items()],
        Caller("another network's administrator", made.elsewhere.client, everything),
    ]
    # A device without a secret gets one with its first renewal, and none with the next ones.
    renewal = [endpoint for endpoint in PUBLIC if name(endpoint) == RENEW]
    async for *_, answer in calls(world, renewal, callers[:1]):
        assert "device_secret" in answer.json()
    actual: dict[str, dict[str, Any]] = {}
    async for endpoint, caller, _, answer in calls(world, PUBLIC, callers):
        actual.setdefault(name(endpoint), {})[caller.name] = likeness(answer)
        assert str(answer.status_code) in endpoint.statuses, (name(endpoint), caller.name, answer.text)
    different = {called: by for called, by in actual.items() if any(each != by["nobody"] for each in by.values())}
    assert different == {}


async def test_only_a_setup_token_registers_players(world: World, call_as: CallAs, sign_in: SignIn) -> None:
    (endpoint,) = [endpoint for endpoint in PUBLIC if name(endpoint) == REGISTER]
    made = await cast(world, call_as)
    setup_token = (await world.services.provisioning.issue(world.network.network_id, 2**42)).token
    refused = [
        *await unauthenticated_callers(world, call_as, setup_token, UNAUTHENTICATED),
        Caller("a player", call_as((await world.player()).access_token), lambda endpoint: UNAUTHENTICATED),
        *await player_callers(world, call_as, lambda endpoint: UNAUTHENTICATED),
        Caller("an invited person", made.invited.client, lambda endpoint: UNAUTHENTICATED),
        *[Caller(role.name, person.client, lambda endpoint: UNAUTHENTICATED) for role, person in made.roles.items()],
    ]
    for caller in refused:
        request = await world.request(endpoint)
        answer = await caller.client.request(request.method, request.url, json=request.sent["json"])
        assert outcome(answer.status_code) == UNAUTHENTICATED, caller.name


# --- the assertion


async def assert_every_cell(world: World, endpoints: list[Endpoint], callers: list[Caller]) -> None:
    """Calls every endpoint as every caller; fails with the cells whose outcome is unexpected."""
    wrong = {}
    async for endpoint, caller, _, answer in calls(world, endpoints, callers):
        expected, actual = caller.expects(endpoint), outcome(answer.status_code)
        if actual != expected:
            wrong[f"{name(endpoint)} by {caller.name}"] = (actual, expected, answer.text[:100])
    assert wrong == {}
