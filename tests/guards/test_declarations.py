"""Every documented endpoint is declared, and every endpoint declares who may call it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from signfleet.app.wiring import endpoints
from signfleet.fleet.devices.schemas import PlayerSettings
from signfleet.web.http.documented import PREFIX, documented, routes
from signfleet.web.http.endpoint import BODY_LIMIT, JSON, JSON_PATCH, Endpoint
from signfleet.web.http.openapi import PATH_PARAMETERS
from tests.processes import ROOT

OFFERED = endpoints()

#: Whoever adds to these opens something to everybody.
PUBLIC = {
    "GET /docs",
    "GET /docs/{guide}",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /openapi.json",
    "GET /files/{expires}/{signature}/{file:path}",  # takes a signature that expires
    "GET /realms/bsncloud/.well-known/openid-configuration",
    "POST /realms/bsncloud/protocol/openid-connect/token",
    "POST /realms/bsncloud/protocol/openid-connect/token/introspect",  # takes client id and secret
    "POST /realms/bsncloud/protocol/openid-connect/revoke",
    "GET /2022/06/REST/Token",
    "POST /2022/06/REST/Token",
    "POST /player/v1/register",  # takes a setup token
    "POST /player/v1/join/{join_key}",  # takes a serial that an operator has listed
    "POST /player/v1/token",  # takes a refresh token
    "GET /2022/06/REST/{login}/Password/",
    "POST /2022/06/REST/Self/",
    "GET /account/activate",  # take the token of a link in a mail
    "POST /account/activate",
    "GET /account/invitation",
    "POST /account/invitation",
    "GET /account/reset",
    "POST /account/reset",
    "GET /account/unsubscribe",  # take a signed token
    "POST /account/unsubscribe",
}

#: What says the same to everybody in every network needs no business operation, nor do one's own jobs, nor
#: events, of which each caller sees what concerns entities they may see.
WITHOUT_OPERATION = re.compile(
    rf"{PREFIX}/(Devices/(Models|Operations)|(Subscriptions|Groups/Regular|Roles|Users)/Operations|Operations/Root)/|"
    "/admin/v1/(jobs|events)/"
)


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def segments(endpoint: Endpoint) -> set[str]:
    """The parameters of its path."""
    return set(re.findall(r"\{(\w+)", endpoint.path))


def test_the_contract_is_the_published_list() -> None:
    published = (ROOT / "tests" / "web" / "contract" / "endpoints.tsv").read_text()
    assert (ROOT / "src" / "signfleet" / "web" / "http" / "contract.tsv").read_text() == published
    assert len(documented()) == 94


def test_every_documented_endpoint_has_a_route() -> None:
    assert routes().keys() <= {(endpoint.method, endpoint.path) for endpoint in OFFERED}


def test_no_route_is_declared_twice() -> None:
    names = [f"{e.method} {path.lower().rstrip('/')}" for e in OFFERED for path in (e.path, *e.aliases)]
    assert len(names) == len(set(names))


def test_each_endpoint_is_public_or_names_a_scope() -> None:
    assert {name(endpoint) for endpoint in OFFERED if endpoint.caller == "public"} <= PUBLIC
    assert {name(endpoint) for endpoint in OFFERED if not endpoint.scopes} <= PUBLIC
    assert not [name(endpoint) for endpoint in OFFERED if endpoint.caller == "public" and endpoint.operation]


def test_endpoints_of_a_network_name_an_operation() -> None:
    within = [endpoint for endpoint in OFFERED if endpoint.caller == "network" and endpoint.operation is None]
    assert not [name(endpoint) for endpoint in within if not WITHOUT_OPERATION.match(endpoint.path)]


def test_each_endpoint_has_a_description() -> None:
    assert not [name(endpoint) for endpoint in OFFERED if not endpoint.summary]
    parameters = {parameter for endpoint in OFFERED for parameter in segments(endpoint)}
    assert parameters <= PATH_PARAMETERS.keys()


def test_handlers_take_the_parameters_of_their_paths() -> None:
    for endpoint in OFFERED:
        parameters = inspect.signature(endpoint.handler).parameters.values()
        assert {taken.name for taken in parameters if taken.annotation == "str"} == segments(endpoint), name(endpoint)


def test_provisioning_answers_at_the_older_address_too() -> None:
    for endpoint in OFFERED:
        if endpoint.family == "Provisioning":
            assert endpoint.path.replace("/2022/06/", "/*/*/") in endpoint.aliases


def test_only_bodies_of_text_may_be_long() -> None:
    """To decode JSON of many small values takes longest; where a body may be long, it is text or of a declared type."""
    long = {
        f"{endpoint.method} {endpoint.path.partition('/REST')[2] or endpoint.path}": endpoint.body_limit
        for endpoint in OFFERED
        if endpoint.consumes in (JSON, JSON_PATCH) and endpoint.body_limit > BODY_LIMIT
    }
    assert long == {
        "PUT /Devices/{device}/": 262_144,
        "PUT /Self/Users/{user}/Notifications/": 262_144,
        "POST /Self/Profile/": 394_240,
        "PUT /Self/Profile/{key}/": 394_240,
        "POST /Self/Users/{user}/Profile/": 394_240,
        "PUT /Self/Users/{user}/Profile/{key}/": 394_240,
        "POST /player/v1/report": 262_144,
        "POST /player/v1/commands/{command}": 73_728,
    }


def unnamed_patterns(schema: Any, place: str) -> Iterator[str]:
    """Yields the places within a type whose texts have a pattern and no name in words."""
    if isinstance(schema, msgspec.inspect.Metadata):
        if "is" not in (schema.extra or {}):
            yield from unnamed_patterns(schema.type, place)
    elif isinstance(schema, msgspec.inspect.StrType):
        if schema.pattern:
            yield place
    elif isinstance(schema, msgspec.inspect.StructType):
        for field in schema.fields:
            yield from unnamed_patterns(field.type, f"{place}.{field.encode_name}")
    elif isinstance(schema, msgspec.inspect.UnionType):
        for part in schema.types:
            yield from unnamed_patterns(part, place)
    elif isinstance(schema, msgspec.inspect.ListType):
        yield from unnamed_patterns(schema.item_type, f"{place}[]")
    elif isinstance(schema, msgspec.inspect.DictType):
        yield from unnamed_patterns(schema.value_type, f"{place}{{}}")


def test_every_pattern_of_a_body_has_a_name_in_words() -> None:
    bodies = {endpoint.body for endpoint in OFFERED if endpoint.body is not None and endpoint.body is not bytes}
    types = [msgspec.inspect.type_info(body) for body in (*bodies, PlayerSettings)]
    assert [place for found in types for place in unnamed_patterns(found, str(found)[:60])] == []
