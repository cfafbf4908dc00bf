"""Every endpoint of a network by everybody who may call it: each cell of the matrix, from the declarations."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from httpx import AsyncClient

from signfleet.access.granting import changed
from signfleet.access.operations.catalogue import VIEW_DEVICE, VIEW_GROUP, VIEW_USER, allowed_by_system_role
from signfleet.access.operations.operation import Operation
from signfleet.access.operations.roles import SYSTEM_ROLES, VIEWERS
from signfleet.access.permission_store import INSERT_PERMISSION
from signfleet.founding import Founded, found
from signfleet.http.endpoint import Endpoint
from signfleet.storage.interface import Transaction
from signfleet.storage.query import Query
from signfleet.storage.tables import permission, person, session, token
from signfleet.wiring import Services, endpoints
from tests.conftest import ROOT, CallAs, SignIn
from tests.devices.stored import register

ENDPOINTS = [endpoint for endpoint in endpoints() if endpoint.is_offered and endpoint.caller == "network"]

#: What has permissions of its own, with the operation that lets it be seen, and where it stands in a path.
VIEWS = {"Device": VIEW_DEVICE, "Group": VIEW_GROUP, "User": VIEW_USER}
SEGMENTS = {"Device": "{device}", "Group": "{group}", "User": "{user}", "Role": "{role}"}
CUSTOM_ROLE = 1999
CLEAR = Query(permission.delete())

OK, UNAUTHENTICATED, FORBIDDEN, HIDDEN = "2xx", "401", "403", "404"

Body = dict[str, Any] | list[Any] | None


class Caller(NamedTuple):
    """Somebody, and what is expected of a call of theirs."""

    name: str
    client: AsyncClient
    expects: Callable[[Endpoint], str]
    #: Puts permissions in place before a call.
    prepare: Callable[[Endpoint], list[dict[str, Any]]] = lambda endpoint: []


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
    return HIDDEN if names_ours or "/Setups/Tokens/{token}/" in endpoint.path or "explain" in endpoint.path else OK


class World:
    """A network with one thing of each kind, made anew where a call has deleted it."""

    def __init__(self, services: Services, network: Founded, admin: AsyncClient, sign_in: SignIn) -> None:
        self.services, self.network, self.admin, self.sign_in = services, network, admin, sign_in
        self.ids: dict[str, int] = {}
        self._numbers = itertools.count()

    async def restore(self) -> None:
        if (await self.admin.get("/Devices/A1/")).status_code == 404:
            (self.ids["Device"],) = await register(self.services.store, self.network.network_id, ["A1"])
            beacon = {"name": "B", "mode": "EddystoneUrl", "power": 1, "url": "http://x.example"}
            assert (await self.admin.post("/Devices/A1/Beacons/", json=beacon)).status_code == 201
        for entity, path, body in (
            ("Group", "/Groups/Regular/", {"name": "Gamma"}),
            ("Role", "/Roles/", {"name": "Rho"}),
        ):
            if (await self.admin.get(f"{path}{body['name']}/")).status_code == 404:
                self.ids[entity] = (await self.admin.post(path, json=body)).json()["id"]
        if (await self.admin.get("/Users/ulla@example.com/")).status_code == 404:
            await self.sign_in("ulla@example.com", role=VIEWERS)
            self.ids["User"] = (await self.admin.get("/Users/ulla@example.com/")).json()["id"]
        if (await self.admin.get("/Devices/A1/Beacons/B/")).status_code == 404:
            beacon = {"name": "B", "mode": "EddystoneUrl", "power": 1, "url": "http://x.example"}
            assert (await self.admin.post("/Devices/A1/Beacons/", json=beacon)).status_code == 201

    async def put(self, rules: list[dict[str, Any]]) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(CLEAR)
            for rule in rules:
                await tx.execute(INSERT_PERMISSION, **rule, network_id=self.network.network_id, creation_date=0)
            await changed(tx, self.network.network_id)

        await self.services.store.write(work)

    def rule(self, operation: Operation, who: tuple[str, int], *, on: int = 0, allowed: bool = True) -> dict[str, Any]:
        return {
            "entity": operation.root.entity,
            "entity_id": on,
            "operation_uid": operation.uid,
            "principal_type": who[0],
            "principal_id": who[1],
            "is_allowed": allowed,
        }

    async def request(self, endpoint: Endpoint) -> tuple[str, Body, dict[str, str]]:
        """Path, body and parameters of a call that succeeds for who may make it."""
        path = endpoint.path
        values = {
            "device": "A1",
            "name": "B",
            "group": "Gamma",
            "role": "Rho",
            "user": str(self.ids["User"]),
            "model": "HD1024",
            "connector": "HDMI",
            "entity": "Device",
            "location_path:path": "Nowhere",
            "token": await self._token(path),
        }
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
        query = {}
        if endpoint.method == "DELETE" and path.endswith("/Devices/"):
            query = {"filter": "[Serial] IS 'A1'"}
        elif path.endswith("/Tags/Values/"):
            query = {"pattern": "<*>:*"}
        elif path.endswith("/explain/"):
            query = {"user": str(self.ids["User"]), "operation": "Device.ViewDevice"}
        return ROOT + path, self._body(endpoint), query

    async def _token(self, path: str) -> str:
        if "/Setups/" in path:
            return (await self.services.provisioning.issue(self.network.network_id, _now())).token
        if "/Users/" in path and "{token}" in path:
            return await self.sign_in("ulla@example.com")
        return "unknown"

    def _body(self, endpoint: Endpoint) -> Body:
        number = next(self._numbers)
        family = endpoint.path.removeprefix("/2022/06/REST")
        if endpoint.body is None:
            return None
        if family.endswith(("/Permissions/", "/Tags/")) or endpoint.method == "PATCH":
            return {} if (endpoint.method, family[-6:]) == ("POST", "/Tags/") else []
        return {
            "/Devices/{device}/Beacons/": {
                "name": f"B{number}",
                "mode": "EddystoneUrl",
                "power": 1,
                "url": "http://x.example",
            },
            "/Devices/{device}/Notes/": {"note": "x"},
            "/Roles/": {"name": f"R{number}"},
            "/Groups/Regular/": {"name": f"G{number}"},
            "/Users/": {"person": {"login": f"u{number}@example.com", "password": "7t#Sqg7*"}},
        }.get(family, {})


def _now() -> int:
    return time.time_ns() // 1_000_000


async def callers(world: World, services: Services, call_as: CallAs, sign_in: SignIn) -> list[Caller]:
    """Everybody there is."""
    expired = await sign_in("old@example.com")
    await services.store.write(_expire)
    roleless, custom, denied = (f"{name}@example.com" for name in ("nora", "curt", "dina"))
    clients = {login: call_as(await sign_in(login, role=role)) for login, role in ((roleless, None), (custom, None))}
    clients[denied] = call_as(await sign_in(denied))
    ids = {login: (await world.admin.get(f"/Users/{login}/")).json()["id"] for login in clients}
    user = await services.users.row(ids[custom])
    await services.users.set_role(user, CUSTOM_ROLE, _now())
    elsewhere = await found(
        services.store, services.people, network="Elsewhere", login="else@example.com", password="7t#Sqg7*", now=_now()
    )

    def permitted(endpoint: Endpoint) -> list[dict[str, Any]]:
        if endpoint.operation is None:
            return []
        operations = {endpoint.operation, VIEWS.get(endpoint.operation.root.entity, endpoint.operation), VIEW_USER}
        return [world.rule(operation, ("Role", CUSTOM_ROLE)) for operation in operations]

    def on_object(endpoint: Endpoint, login: str, *, allowed: bool) -> list[dict[str, Any]]:
        operation = endpoint.operation
        if operation is None or operation.root.entity not in VIEWS:
            return []
        on = world.ids[operation.root.entity]
        operations = {operation, VIEWS[operation.root.entity]} if allowed else {operation}
        return [world.rule(one, ("User", ids[login]), on=on, allowed=allowed) for one in operations]

    return [
        Caller("nobody", call_as(), lambda endpoint: UNAUTHENTICATED),
        Caller("an unknown token", call_as("unknown"), lambda endpoint: UNAUTHENTICATED),
        Caller("an expired token", call_as(expired), lambda endpoint: UNAUTHENTICATED),
        Caller("the wrong scope", call_as(await sign_in(scope="bsn.api.self")), lambda endpoint: FORBIDDEN),
        Caller("no network", call_as(await sign_in(choose=False)), lambda endpoint: FORBIDDEN),
        *[
            Caller(role.name, call_as(await sign_in(f"r{role.id}@example.com", role=role)), by_role(role.id))
            for role in SYSTEM_ROLES
        ],
        Caller("a custom role, permitted", clients[custom], lambda endpoint: OK, permitted),
        Caller(
            "a custom role without permissions",
            clients[custom],
            by_role(CUSTOM_ROLE),
        ),
        Caller(
            "somebody allowed one thing",
            clients[roleless],
            lambda endpoint: OK if endpoint.operation is VIEW_USER else with_object_allowed(endpoint),
            lambda endpoint: on_object(endpoint, roleless, allowed=True),
        ),
        Caller(
            "an administrator denied one thing",
            clients[denied],
            with_object_denied,
            lambda endpoint: on_object(endpoint, denied, allowed=False),
        ),
        Caller(
            "another network's administrator",
            call_as(await sign_in("else@example.com", network_id=elsewhere.network_id)),
            from_elsewhere,
        ),
    ]


async def _expire(tx: Transaction) -> None:
    old = (
        session.select()
        .with_only_columns(session.c.id)
        .join(person, person.c.id == session.c.person_id)
        .where(person.c.login_key == "old@example.com")
    )
    await tx.execute(Query(token.update().where(token.c.session_id.in_(old)).values(valid_to=1)))


def outcome(status: int) -> str:
    return OK if 200 <= status < 300 else str(status)


async def test_every_cell_of_the_matrix(
    services: Services, network: Founded, admin: AsyncClient, sign_in: SignIn, call_as: CallAs
) -> None:
    world = World(services, network, admin, sign_in)
    await world.restore()
    everybody = await callers(world, services, call_as, sign_in)
    wrong: dict[str, Any] = {}
    outcomes: set[str] = set()
    for endpoint in ENDPOINTS:
        for caller in everybody:
            await world.put(caller.prepare(endpoint))
            path, body, query = await world.request(endpoint)
            sent = {} if body is None else {"json": body}
            answer = await caller.client.request(endpoint.method, path, params=query, **sent)
            expected = caller.expects(endpoint)
            told = outcome(answer.status_code)
            # A device has no tokens, and stands nowhere: who may ask is told so.
            if expected == OK and answer.status_code == 404 and re.search("/Devices/.*/Tokens/|Regions/Now", path):
                told = OK
            outcomes.add(told)
            if told != expected:
                wrong[f"{endpoint.method} {endpoint.path} by {caller.name}"] = (told, expected, answer.text[:100])
            if caller.name == "another network's administrator" and "A1" in answer.text.replace(path, ""):
                told_of = answer.json().get("message", "") if answer.status_code == 404 else ""
                if "A1" not in told_of:
                    wrong[f"{endpoint.method} {endpoint.path} leaks"] = answer.text[:100]
            if endpoint.method == "DELETE":
                await world.put([])
                await world.restore()
    assert wrong == {}
    assert outcomes == {OK, UNAUTHENTICATED, FORBIDDEN, HIDDEN}
