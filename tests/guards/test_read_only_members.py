"""Every change of an entity reads what it ignores: absent and null members pass, malformed ones are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from httpx import AsyncClient
from msgspec import inspect

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.wire.validation_messages import choices, known_type
from signfleet.web.http.endpoint import JSON, Endpoint
from tests.conftest import SignIn
from tests.world import OFFERED, PREFIX, World, name

pytestmark = [pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)]

SHOWN = {endpoint.path: endpoint.answer for endpoint in OFFERED if endpoint.method == "GET"}


def is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def entity(endpoint: Endpoint) -> Any:
    """The entity that the body of an endpoint is, may be or is a list of; None for other bodies."""
    shown = SHOWN.get(endpoint.path)
    if endpoint.method == "PUT" and is_struct(shown):
        return shown
    if endpoint.body is None or endpoint.consumes != JSON or not endpoint.path.startswith(f"{PREFIX}/"):
        return None
    if endpoint.path not in SHOWN:
        return None
    if endpoint.path.endswith("/Permissions/"):
        return get_args(endpoint.body)[0]
    return endpoint.answer if endpoint.method == "POST" and is_struct(endpoint.answer) else None


CHANGES = [endpoint for endpoint in OFFERED if entity(endpoint) is not None]

#: What is of no type on the wire, by type.
WRONG: dict[type[inspect.Type], Any] = {
    inspect.StrType: 7,
    inspect.LiteralType: "none of these",
    inspect.IntType: "x",
    inspect.FloatType: "x",
    inspect.BoolType: "x",
    inspect.ListType: 3,
    inspect.DictType: 3,
    inspect.StructType: 3,
}


def is_date(kind: inspect.Type) -> bool:
    parts = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(part, inspect.Metadata) and (part.extra or {}).get("kind") == "dateTime" for part in parts)


def malformed(type_: Any) -> Iterator[tuple[str, Any]]:
    """The name of each member, however deep, with an entity that has nothing but a wrong value there."""
    [kind] = choices(known_type(type_))
    assert isinstance(kind, inspect.StructType)
    for field in kind.fields:
        kinds = choices(field.type)
        wrong = [WRONG[type(each)] for each in kinds if type(each) in WRONG][:1]
        if is_date(field.type):
            wrong.append("garbage")
        for value in wrong:
            yield field.encode_name, {field.encode_name: value}
        for each in kinds:
            if isinstance(each, inspect.StructType):
                yield from ((inner, {field.encode_name: part}) for inner, part in malformed(each.cls))
            elif isinstance(each, inspect.ListType):
                for item in choices(each.item_type):
                    if isinstance(item, inspect.StructType):
                        yield from ((inner, {field.encode_name: [part]}) for inner, part in malformed(item.cls))


def laid_over(body: Any, part: dict[str, Any]) -> Any:
    """A body with the members of `part`."""
    if isinstance(body, list):
        return [laid_over(body[0], part)]
    result = dict(body)
    for member, value in part.items():
        present = result.get(member)
        result[member] = laid_over(present, value) if isinstance(present, dict) and isinstance(value, dict) else value
    return result


@pytest.mark.parametrize("endpoint", CHANGES, ids=name)
async def test_malformed_members_are_refused_by_name(
    endpoint: Endpoint, services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn
) -> None:
    world = World(services, network, admin, sign_in)
    await world.restore()
    request = await world.request(endpoint)
    for member, part in malformed(entity(endpoint)):
        sent = request.sent | {"json": laid_over(request.sent["json"], part)}
        answer = await admin.request(request.method, request.url, **sent)
        assert answer.status_code == 400, (part, answer.text)
        message = answer.json()["message"]
        assert member in message or "missing required field" in message, (part, answer.text)


@pytest.mark.parametrize("endpoint", [one for one in CHANGES if one.method == "PUT"], ids=name)
async def test_read_only_members_may_be_null_or_in_another_case(
    endpoint: Endpoint, services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn
) -> None:
    world = World(services, network, admin, sign_in)
    await world.restore()
    for member, value in ignored(endpoint):
        request = await world.request(endpoint)
        sent = request.sent | {"json": request.sent["json"] | {member: value}}
        answer = await admin.request(request.method, request.url, **sent)
        assert answer.status_code == 204, (member, value, answer.text)


#: What a PUT changes where its body is declared as the whole entity.
CHANGEABLE = {
    "PUT /Devices/{device}/": {"settings"},
    "PUT /Self/Networks/{network}/Subscription/": {"level"},
}


def ignored(endpoint: Endpoint) -> Iterator[tuple[str, Any]]:
    """The members that a PUT ignores, with values that the contract's examples give them."""
    [kind] = choices(known_type(entity(endpoint)))
    assert isinstance(kind, inspect.StructType)
    if endpoint.body != entity(endpoint):
        changeable = {field.encode_name for field in msgspec.structs.fields(endpoint.body)}
    else:
        changeable = CHANGEABLE.get(name(endpoint), {field.encode_name for field in kind.fields})
    for field in kind.fields:
        if field.encode_name in changeable and not is_date(field.type):
            continue
        yield from ((spelling, None) for spelling in (field.encode_name, field.encode_name.upper()))
        if is_date(field.type):
            yield field.encode_name, "0001-01-01T00:00:00"
