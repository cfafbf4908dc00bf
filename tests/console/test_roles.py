"""Every page as each of the six predefined roles: the rights decide, and the rail shows what they open."""

from __future__ import annotations

import inspect
import re

from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.console import wiring
from signfleet.console.navigation import SECTIONS
from signfleet.identity.access.operations.definitions import VIEW_ROLE, VIEW_USER
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import SYSTEM_ROLES, SystemRole
from signfleet.identity.access.rules import system_allows
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register

#: They want parameters that only a form sends, or have no end.
OTHER = (
    "/console/events",
    "/console/authorize",
    "/console/export",
    "/console/people/permissions/find",
    "/console/add/arrivals",
    "/console/{address:path}/",
)


def pages() -> list[tuple[str, Operation | None]]:
    """Returns the paths of all pages for people, each with the operation that it declares."""
    found = []
    for endpoint in wiring.endpoints():
        declared = inspect.getclosurevars(endpoint.handler).nonlocals
        if endpoint.method != "GET" or not declared.get("needs_person") or endpoint.path in OTHER:
            continue
        operation: Operation | None = declared["operation"]
        if endpoint.path == "/console/people/permissions/{kind}/{ref}/":
            operation = VIEW_ROLE
        found.append((endpoint.path, operation))
    return found


def allows(role: SystemRole, operation: Operation | None) -> bool:
    """Returns whether a role may do an operation; users always see themselves."""
    return operation is None or operation is VIEW_USER or system_allows(role.id, operation)


def filled(path: str, values: dict[str, object]) -> str:
    """Returns a path with its values; those that are not known are 7."""
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], 7)), path)


async def browser(call_as: CallAs, token: str) -> AsyncClient:
    client = call_as()
    client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    return client


async def test_each_role_opens_what_its_rights_say(
    sign_in: SignIn, call_as: CallAs, services: Services, network: Tenant
) -> None:
    (player,) = await register(services.store, network.network_id, ["A1"])
    values = {"player": player, "group": network.group_id, "role": 1, "kind": "roles", "ref": 1}
    for role in SYSTEM_ROLES:
        client = await browser(call_as, await sign_in(f"{role.id}@example.com", role=role))
        own = await services.users.find(network.network_id, f"{role.id}@example.com")
        assert own is not None
        wrong = []
        for path, operation in pages():
            address = filled(path, values | {"user": own.id})
            answer = await client.get(ROOT + address)
            expected = {403}
            if allows(role, operation):  # of other kinds of things the network has none
                is_there = set(re.findall(r"\{(\w+)\}", path)) <= {*values, "user"}
                expected = {303} if path == "/console/" else {200} if is_there else {200, 404}
            if answer.status_code not in expected:
                wrong.append((role.name, path, answer.status_code, expected))
        assert not wrong


@ON_SQLITE
async def test_no_role_changes_what_its_rights_forbid(sign_in: SignIn, call_as: CallAs, network: Tenant) -> None:
    """The answer to a form is 403 before anything is read of it; forms without an operation ask their services."""
    forms = [endpoint for endpoint in wiring.endpoints() if endpoint.method == "POST"]
    refused = set()
    for role in SYSTEM_ROLES:
        client = await browser(call_as, await sign_in(f"{role.id}@example.com", role=role))
        for endpoint in forms:
            operation = inspect.getclosurevars(endpoint.handler).nonlocals["operation"]
            if allows(role, operation):
                continue
            answer = await client.post(ROOT + filled(endpoint.path, {}), headers={"Origin": ROOT})
            assert answer.status_code == 403, (role.name, endpoint.path)
            refused.add(endpoint.path)
    assert len(refused) > len(forms) // 2


async def test_the_rail_shows_what_the_role_may_open(sign_in: SignIn, call_as: CallAs) -> None:
    for role in SYSTEM_ROLES:
        client = await browser(call_as, await sign_in(f"{role.id}@example.com", role=role))
        page = (await client.get(f"{ROOT}/console/profile/")).text
        rail = re.findall(r'<a href="([^"]+)"', page.partition('class="rail"')[2].partition("</nav>")[0])
        expected = [each.path for each in SECTIONS if each.operation is None or system_allows(role.id, each.operation)]
        assert rail == expected
        start = await client.get(f"{ROOT}/console/")
        assert start.headers["location"] == (rail[0] if rail else "/console/networks")
