"""Those who call the endpoints of a matrix, and their calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
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

#: A role of the network's own.
CUSTOM_ROLE = 1999


def outcome(status: int) -> str:
    return OK if 200 <= status < 300 else str(status)


class Caller(NamedTuple):
    """Somebody, and what is expected of a call of theirs."""

    name: str
    client: AsyncClient
    expects: Callable[[Endpoint], str]
    #: The permissions that are in place while they call.
    rules: Callable[[Endpoint], list[Rule]] = lambda endpoint: []
    #: Whose things they ask for below /Self; the administrator's by default.
    owner: Owner | None = None


class Cell(NamedTuple):
    """A call that was made."""

    endpoint: Endpoint
    caller: Caller
    request: Request
    answer: Response


class Somebody(NamedTuple):
    """A person who is signed in."""

    client: AsyncClient
    owner: Owner


class Cast(NamedTuple):
    """Somebody with each role that every network has, with none, and with one of the network's own; somebody with all
    rights, to be denied some; the administrator of another network; and the administrator of a third one who is
    invited to be one here and has not accepted: `pending` is that user."""

    roles: dict[SystemRole, Somebody]
    roleless: Somebody
    custom: Somebody
    denied: Somebody
    elsewhere: Somebody
    invited: Somebody
    pending: int


async def cast(world: World, call_as: CallAs) -> Cast:
    """Make all of them."""

    async def somebody(login: str, role: SystemRole | None, network_id: int = world.network.network_id) -> Somebody:
        client = call_as(await world.sign_in(f"{login}@example.com", role=role, network_id=network_id))
        return Somebody(client, await world.owner(f"{login}@example.com"))

    services = world.services
    another, third = [
        await bootstrap(services.store, services.people, network=name, login=login, password=PASSWORD, now=now())
        for name, login in (("Elsewhere", "else@example.com"), ("Third", "ivan@example.com"))
    ]
    invited = await somebody("ivan", ADMINISTRATORS, third.network_id)
    made = Cast(
        roles={role: await somebody(f"r{role.id}", role) for role in SYSTEM_ROLES},
        roleless=await somebody("nora", None),
        custom=await somebody("curt", None),
        denied=await somebody("dina", ADMINISTRATORS),
        elsewhere=await somebody("else", ADMINISTRATORS, another.network_id),
        invited=invited,
        pending=await world.invitation(invited.owner, network_id=world.network.network_id, role=ADMINISTRATORS),
    )
    await services.users.set_role(await services.users.row(made.custom.owner.user_id), CUSTOM_ROLE, now())
    return made


async def strangers(world: World, call_as: CallAs, access_token: str, expects: str) -> list[Caller]:
    """Those who cannot prove who they are; `access_token` is one to expire."""
    expired = call_as(await expire(world.services.store, access_token))
    clients = {"nobody": call_as(), "an unknown token": call_as("unknown"), "an expired token": expired}
    return [Caller(name, client, lambda endpoint: expects) for name, client in clients.items()]


async def with_secrets(world: World, call_as: CallAs, expects: Callable[[Endpoint], str]) -> list[Caller]:
    """A player that has proved itself, and what it has that is no access token, or is one no more."""
    joined = await world.joined()
    return [
        Caller("a player by its secret", call_as(joined.access_token), expects),
        *[
            Caller(name, call_as(token), lambda endpoint: UNAUTHENTICATED)
            for name, token in {
                "a device secret": joined.secret,
                "a player's refresh token": joined.first_refresh_token,
                "a player's access token of before its secret came": joined.first_access_token,
            }.items()
        ],
    ]


async def calls(world: World, endpoints: Iterable[Endpoint], callers: Iterable[Caller]) -> AsyncIterator[Cell]:
    """A good request for every endpoint from everybody, each with everything in place."""
    store, network_id = world.services.store, world.network.network_id
    for endpoint in endpoints:
        for caller in callers:
            await put(store, network_id, caller.rules(endpoint))
            request = await world.request(endpoint, caller.owner)
            answer = await caller.client.request(request.method, request.url, **request.sent)
            yield Cell(endpoint, caller, request, answer)
            if endpoint.method == "DELETE" and endpoint.caller == "network":
                await put(store, network_id, [])
                await world.restore()


async def expire(store: Store, access_token: str) -> str:
    """Let a token have been good until long ago."""
    past = token.update().where(token.c.hash == hash_token(access_token)).values(valid_to=1)
    await store.write(lambda tx: tx.execute(Query(past)))
    return access_token
