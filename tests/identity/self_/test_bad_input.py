"""Bad input for every endpoint below /Self: the documented status, an error that says what is wrong, no change."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, endpoints
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import metadata, token
from signfleet.web.http.endpoint import Endpoint
from tests.bad_input import BAD_JSON, check, wrong_types
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example

PREFIX = "/2022/06/REST"
SELF = [endpoint for endpoint in endpoints() if endpoint.path.startswith(f"{PREFIX}/Self/")]
FOR_PEOPLE = [endpoint for endpoint in SELF if endpoint.caller == "person"]
#: A good body for each endpoint that takes one.
BODIES: dict[str, Any] = {
    "POST /Self/": example("002-02-post-self-request"),
    "PUT /Self/": example("002-03-put-self-request"),
    "POST /Self/Applications/": {"name": "Script", "scopes": ["bsn.api.main"]},
    "PUT /Self/Applications/{application}/": {"name": "Script", "secretExpirationDate": "2124-03-13T16:30:00Z"},
    "POST /Self/Applications/{application}/Secret/": {"secretExpirationDate": "2124-03-13T16:30:00Z"},
    "POST /Self/Networks/": example("002-13-post-self-networks-request"),
    "PATCH /Self/Networks/{network}/": example("002-15-patch-self-networks-networkid-int-request"),
    "PUT /Self/Networks/{network}/Settings/": example("002-19-put-self-networks-id-int-settings-request"),
    "PUT /Self/Networks/{network}/Subscription/": example("002-23-put-self-networks-id-int-subscription-request"),
    "POST /Self/Profile/": example("002-06-post-self-profile-request"),
    "PUT /Self/Profile/{key}/": "1.00:00:00",
    "PUT /Self/Session/Network/": {"name": "Test Network"},
    "PUT /Self/Session/AuthorizationScope/": ["bsn.api.self"],
    "PUT /Self/Users/{user}/Notifications/": example("002-39-put-self-users-id-int-notifications-request"),
    "POST /Self/Users/{user}/Profile/": example("002-32-post-self-users-id-int-profile-request"),
    "PUT /Self/Users/{user}/Profile/{key}/": "Admin",
}
#: What signing in changes.
ACCESS = {"id_sequence", "session", "token"}


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path.removeprefix(PREFIX)}"


@pytest.fixture
def segments(network: Tenant) -> dict[str, str]:
    """What a good address has in the place of its parameters."""
    return {
        "network": str(network.network_id),
        "user": str(network.user_id),
        "application": "1",
        "key": "personAccessTokenLifetime",
        "token": "abcdef",
    }


def path(endpoint: Endpoint, segments: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: segments[found[1]], endpoint.path.removeprefix(PREFIX))


async def send(client: AsyncClient, endpoint: Endpoint, address: str, **differently: Any) -> Response:
    """A good request, but for what is said otherwise."""
    headers = {"Content-Type": endpoint.consumes[0]} | differently.pop("headers", {})
    if name(endpoint) in BODIES and "content" not in differently:
        differently["content"] = json.dumps(BODIES[name(endpoint)])
    return await client.request(endpoint.method, address, headers=headers, **differently)


@pytest.fixture(autouse=True)
async def unchanged(services: Services) -> AsyncIterator[None]:
    """Whatever a test sends, what is kept stays as it is."""

    async def everything() -> dict[str, list[str]]:
        tables = [table for table in metadata.tables.values() if table.name not in ACCESS]
        rows = {table.name: await services.store.scan_all(Query(table.select())) for table in tables}
        return {name: sorted(map(repr, found)) for name, found in rows.items()}

    before = await everything()
    yield
    assert await everything() == before


async def test_every_endpoint_with_a_body_has_a_good_one_here() -> None:
    assert {name(endpoint) for endpoint in SELF if endpoint.body is not None} == set(BODIES)


async def test_without_a_token_or_with_a_bad_one(
    client: AsyncClient, call_as: CallAs, sign_in: SignIn, services: Services, segments: dict[str, str]
) -> None:
    expired = call_as(await sign_in())
    await services.store.write(lambda tx: tx.execute(Query(token.update().values(valid_to=1))))
    for endpoint in FOR_PEOPLE:
        address = path(endpoint, segments)
        check(await send(client, endpoint, address), 401, "token")
        check(await send(expired, endpoint, address), 401, "expired")
        check(await send(client, endpoint, address, headers={"Authorization": "Bearer nonsense"}), 401, "unknown")
        check(await send(client, endpoint, address, headers={"Authorization": "Basic YTpi"}), 401, "Bearer")


async def test_with_a_token_that_lacks_the_scope(call_as: CallAs, sign_in: SignIn, segments: dict[str, str]) -> None:
    client = call_as(await sign_in(scope="bsn.api.main"))
    for endpoint in FOR_PEOPLE:
        check(await send(client, endpoint, path(endpoint, segments)), 403, f"'{endpoint.scopes[0]}'")


async def test_of_what_is_not_there(admin: AsyncClient, segments: dict[str, str]) -> None:
    for endpoint in FOR_PEOPLE:
        for parameter in segments:
            # A profile key that is not there is made by PUT.
            if f"{{{parameter}}}" not in endpoint.path or (parameter == "key" and endpoint.method == "PUT"):
                continue
            for segment in ("0", "-1", "4242", "2147483648", "99999999999", "Nothing", "%20", "a" * 300):
                check(await send(admin, endpoint, path(endpoint, segments | {parameter: segment})), 404)


async def test_with_a_body_that_is_not_json_or_too_long(admin: AsyncClient, segments: dict[str, str]) -> None:
    for endpoint in SELF:
        if endpoint.body is None:
            continue
        address = path(endpoint, segments)
        for content in BAD_JSON[endpoint.body_optional :]:  # the first is an empty body
            # A number too large is in a property that people do not have; that is passed over.
            if b"1e999" not in content and not (endpoint.body is str and content == b'"text"'):
                check(await send(admin, endpoint, address, content=content), 400)
        check(await send(admin, endpoint, address, content=b" " * 2_000_000), 413, str(endpoint.body_limit))
        for type_ in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
            check(await send(admin, endpoint, address, headers={"Content-Type": type_}), 415, type_)


#: What the server alone sets is passed over, whatever it is; so is the unknown.
READ_ONLY = (
    "id",
    "creationDate",
    "lastModifiedDate",
    "activationDate",
    "lockoutDate",
    "isLockedOut",
    "lastLockoutDate",
    "expireDate",
)


async def test_with_the_wrong_type_at_any_place(admin: AsyncClient, segments: dict[str, str]) -> None:
    for endpoint in SELF:
        for place, body in wrong_types(BODIES.get(name(endpoint))):
            last = place.rpartition(".")[2]
            if last in READ_ONLY or (endpoint.method, last) in {("PUT", "login"), ("POST", "subscription")}:
                continue
            check(await send(admin, endpoint, path(endpoint, segments), content=json.dumps(body)), 400)


async def test_with_an_accept_header_that_admits_no_json(admin: AsyncClient, segments: dict[str, str]) -> None:
    for endpoint in SELF:
        for accept in ("text/html", "application/xml", "application/json;q=0", "image/*"):
            check(await send(admin, endpoint, path(endpoint, segments), headers={"Accept": accept}), 406, accept)


async def test_with_a_date_that_is_stale_or_none(admin: AsyncClient, segments: dict[str, str]) -> None:
    for endpoint in SELF:
        # There is no application and no such property to be guarded, and a person's lifetimes cannot be removed.
        if "412" not in endpoint.errors or "{application}" in endpoint.path or "{user}" in endpoint.path:
            continue
        if name(endpoint) == "DELETE /Self/Profile/{key}/":
            continue
        address = path(endpoint, segments)
        check(await send(admin, endpoint, address, headers={"If-Match": '"0"'}), 412, "ETag")
        for malformed in ("yesterday", "2024-03-13T15:51:01Z", "0"):
            headers = {"If-Unmodified-Since": malformed}
            check(await send(admin, endpoint, address, headers=headers), 400, "If-Unmodified-Since")
