"""Callers of the endpoints of a matrix, and their calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from itertools import islice, product
from typing import NamedTuple

from httpx import AsyncClient, Response

from signfleet.app.bootstrap import bootstrap
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import token
from signfleet.identity.access.operations.roles import ADMINISTRATORS, SYSTEM_ROLES, SystemRole
from signfleet.identity.access.tokens import hash_token
from signfleet.web.http.endpoint import Endpoint
from tests.conftest import CallAs
from tests.identity.access.granted import Rule, put
from tests.world import PASSWORD, Owner, Request, World, now

#: Outcomes of a call.
OK, UNAUTHENTICATED, FORBIDDEN, HIDDEN = "2xx", "401", "403", "404"

#: The id of a custom role.
CUSTOM_ROLE = 1999


def outcome(status: int) -> str:
    return OK if 200 <= status < 300 else str(status)


class Caller(NamedTuple):
    """A caller and the outcome that the matrix expects for each endpoint."""

    name: str
    client: AsyncClient
    expects: Callable[[Endpoint], str]
    #: The permissions in the store during the call.
    rules: Callable[[Endpoint], list[Rule]] = lambda endpoint: []
    #: The owner of the entities requested below /Self; the administrator by default.
    owner: Owner | None = None


class Cell(NamedTuple):
    """A call and its answer."""

    endpoint: Endpoint
    caller: Caller
    request: Request
    answer: Response


class Member(NamedTuple):
    """A signed-in person with a user in a network."""

    client: AsyncClient
    owner: Owner


class Cast(NamedTuple):
    """One person for each kind of caller.

    `roles` has one for each system role. `denied` is an administrator for tests that deny them operations. `elsewhere`
    administers another network. `invited` administers a third network and has an open invitation to this one; `pending`
    is the id of the user that the invitation created.
    """

    roles: dict[SystemRole, Member]
    roleless: Member
    custom: Member
    denied: Member
    elsewhere: Member
    invited: Member
    pending: int


async def cast(world: World, call_as: CallAs) -> Cast:
    """Creates the people, their users and the networks."""

    async def member(login: str, role: SystemRole | None, network_id: int = world.network.network_id) -> Member:
        client = call_as(await world.sign_in(f"{login}@example.com", role=role, network_id=network_id))
        return Member(client, await world.owner(f"{login}@example.com"))

    services = world.services
    another, third = [
        await bootstrap(services.store, services.people, network=name, login=login, password=PASSWORD, now=now())
        for name, login in (("Elsewhere", "else@example.com"), ("Third", "ivan@example.com"))
    ]
    invited = await member("ivan", ADMINISTRATORS, third.network_id)
    made = Cast(
        roles={role: await member(f"r{role.id}", role) for role in SYSTEM_ROLES},
        roleless=await member("nora", None),
        custom=await member("curt", None),
        denied=await member("dina", ADMINISTRATORS),
        elsewhere=await member("else", ADMINISTRATORS, another.network_id),
        invited=invited,
        pending=await world.invitation(invited.owner, network_id=world.network.network_id, role=ADMINISTRATORS),
    )
    await services.users.set_role(await services.users.row(made.custom.owner.user_id), CUSTOM_ROLE, now())
    return made


async def unauthenticated_callers(world: World, call_as: CallAs, access_token: str, expects: str) -> list[Caller]:
    """Returns callers without a valid token; expires `access_token` for one of them."""
    expired = call_as(await expire(world.services.store, access_token))
    clients = {"nobody": call_as(), "an unknown token": call_as("unknown"), "an expired token": expired}
    return [Caller(name, client, lambda endpoint: expects) for name, client in clients.items()]


async def player_callers(world: World, call_as: CallAs, expects: Callable[[Endpoint], str]) -> list[Caller]:
    """Returns a player with an access token, and callers that send its other or expired credentials as one."""
    joined = await world.joined()
    return [
        Caller("a player by its secret", call_as(joined.access_token), expects),
        *[
            Caller(name, call_as(token), lambda endpoint: UNAUTHENTICATED)
            for name, token in {
                "a device secret": joined.secret,
                "a player's refresh token": joined.first_refresh_token,
                "a player's access token from before its secret": joined.first_access_token,
            }.items()
        ],
    ]


async def calls(
    world: World, endpoints: Iterable[Endpoint], callers: Iterable[Caller], *, one_in: int = 1
) -> AsyncIterator[Cell]:
    """Sends a valid request to every endpoint as every caller, or as one in some, each time others.

    Restores what a DELETE removed.
    """
    store, network_id = world.services.store, world.network.network_id
    for endpoint, caller in islice(product(endpoints, callers), 0, None, one_in):
        await put(store, network_id, caller.rules(endpoint))
        request = await world.request(endpoint, caller.owner)
        answer = await caller.client.request(request.method, request.url, **request.sent)
        yield Cell(endpoint, caller, request, answer)
        if endpoint.method == "DELETE" and endpoint.caller == "network":
            await put(store, network_id, [])
            await world.restore()


async def expire(store: Store, access_token: str) -> str:
    """Moves the expiry of a token into the past; returns the token."""
    past = token.update().where(token.c.hash == hash_token(access_token)).values(valid_to=1)
    await store.write(lambda tx: tx.execute(Query(past)))
    return access_token
