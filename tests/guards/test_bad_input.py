"""Bad input for every endpoint: the declared status, one shape of error that says what is wrong, and no change."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.wiring import Services
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, metadata, token
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.web.http.endpoint import FORM, Endpoint
from signfleet.web.http.media import JSON_TYPE
from tests.bad_input import BAD_JSON, check, check_shape, wrong_types
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.devices.stored import example, register
from tests.world import OFFERED, SEGMENT, Request, World, name

#: What people call with a token.
PRIVATE = [endpoint for endpoint in OFFERED if endpoint.caller in ("network", "person")]
#: Families whose clients send JSON in many forms; tests of their own have the limits.
TOLERANT = ("Players", "B-Deploy", "Remote DWS")
#: What viewers may call although it is no GET.
READS = ("PUT /rest/v1/sendWsMessage", "POST /rest/v1/{route:path}")
READING_JSON = [
    endpoint
    for endpoint in OFFERED
    if endpoint.body not in (None, bytes) and endpoint.consumes != FORM and endpoint.family not in TOLERANT
]
#: Bodies with more in them than those of the world: the contract's examples.
BODIES: dict[str, Any] = {
    "PUT /Devices/{device}/": example("001-06-put-devices-id-int-request"),
    "POST /Devices/{device}/Permissions/": example("001-41-post-devices-id-int-permissions-request"),
    "DELETE /Devices/{device}/Permissions/": example("001-42-delete-devices-id-int-permissions-request"),
    "POST /Devices/{device}/Tags/": {"string::[Device].<New>": "x", "numericArray::[Device].<Slots>": [1, 2]},
    "POST /Self/": example("002-02-post-self-request"),
    "PUT /Self/": example("002-03-put-self-request"),
    "POST /Self/Applications/": {"name": "Script", "scopes": ["bsn.api.main"]},
    "PUT /Self/Applications/{application}/": {"name": "Script", "secretExpirationDate": "2124-03-13T16:30:00Z"},
    "POST /Self/Networks/": example("002-13-post-self-networks-request"),
    "PATCH /Self/Networks/{network}/": example("002-15-patch-self-networks-networkid-int-request"),
    "PUT /Self/Networks/{network}/Settings/": example("002-19-put-self-networks-id-int-settings-request"),
    "PUT /Self/Networks/{network}/Subscription/": example("002-23-put-self-networks-id-int-subscription-request"),
    "POST /Self/Profile/": example("002-06-post-self-profile-request"),
    "PUT /Self/Session/Network/": {"name": "Test Network"},
    "PUT /Self/Users/{user}/Notifications/": example("002-39-put-self-users-id-int-notifications-request"),
    "POST /Self/Users/{user}/Profile/": example("002-32-post-self-users-id-int-profile-request"),
}
#: Nobody has such an id or name.
UNKNOWN = (
    *("0", "-1", "4242", "2147483648", "99999999999", "99999999999999999999", "1e3", "1.0"),
    *("Nothing", "%20", "%F0%9F%92%A9", "a" * 300),
)
OTHER_NETWORK = 4711
#: What calls change that fail: when a session was used last.
SESSIONS = {"id_sequence", "session", "token"}

Good = dict[str, Request]


async def content(services: Services) -> dict[str, list[str]]:
    """All rows of all tables but those of sessions, as texts."""
    tables = [table for table in metadata.tables.values() if table.name not in SESSIONS]
    rows = {table.name: await services.store.scan_all(Query(table.select())) for table in tables}
    return {name: sorted(map(repr, found)) for name, found in rows.items()}


@pytest.fixture
async def callers(call_as: CallAs, sign_in: SignIn) -> dict[str, AsyncClient]:
    """Clients whose token is valid, but does not reach everything."""
    return {
        "self": call_as(await sign_in(scope="bsn.api.main.subscriptions bsn.api.self")),
        "groups": call_as(await sign_in(scope="bsn.api.main.groups")),
        "nowhere": call_as(await sign_in(choose=False)),
        "viewer": call_as(await sign_in("viewer@example.com", role=VIEWERS)),
        "nobody": call_as(await sign_in("nobody@example.com", role=None)),
    }


@pytest.fixture
async def good(world: World, callers: dict[str, AsyncClient]) -> AsyncIterator[Good]:
    """A good request for every endpoint; the bad ones that a test makes of them change nothing."""
    await register(world.services.store, OTHER_NETWORK, ["ELSEWHERE1"])
    requests: Good = {}
    for endpoint in OFFERED:
        request = requests[name(endpoint)] = await world.request(endpoint)
        if name(endpoint) in BODIES:
            request.sent["json"] = BODIES[name(endpoint)]
    before = await content(world.services)
    yield requests
    assert await content(world.services) == before


async def send(client: AsyncClient, endpoint: Endpoint, request: Request, **differently: Any) -> Response:
    """Sends the request with other parts; `ref` names a parameter of the path and what stands there."""
    url, sent = request.url, dict(request.sent)
    if "ref" in differently:
        parameter, ref = differently.pop("ref")
        pattern = SEGMENT.sub(
            lambda found: f"(?P<{found[1]}>{'.+' if ':path' in found[0] else '[^/]+'})", endpoint.path
        )
        found = re.search(f"{pattern}$", url)
        assert found is not None
        url = url[: found.start(parameter)] + ref + url[found.end(parameter) :]
    sent["headers"] = {"Content-Type": endpoint.consumes[0]} | sent["headers"] | differently.pop("headers", {})
    if "content" in differently:
        sent = {key: value for key, value in sent.items() if key not in ("json", "data")}
    sent["params"] = sent["params"] | differently.pop("params", {})
    return await client.request(request.method, url, **sent | differently)


async def test_a_missing_or_bad_token_is_401(client: AsyncClient, call_as: CallAs, good: Good, world: World) -> None:
    expired = call_as(await world.sign_in())
    await world.services.store.write(lambda tx: tx.execute(Query(token.update().values(valid_to=1))))
    for endpoint in (endpoint for endpoint in OFFERED if endpoint.caller != "public"):
        request = good[name(endpoint)]
        answer = await send(client, endpoint, request)
        check(answer, 401, "token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        check(await send(expired, endpoint, request), 401, "expired")
        check(await send(client, endpoint, request, headers={"Authorization": "Bearer nonsense"}), 401, "unknown")
        check(await send(client, endpoint, request, headers={"Authorization": "Basic YTpi"}), 401, "Bearer")


async def test_a_token_without_scope_network_or_operation_is_403(callers: dict[str, AsyncClient], good: Good) -> None:
    for endpoint in PRIVATE:
        request = good[name(endpoint)]
        lacks_scope = callers["groups" if endpoint.caller == "person" or "Subscriptions" in endpoint.path else "self"]
        check(await send(lacks_scope, endpoint, request), 403, f"'{endpoint.scopes[0]}'")
        if endpoint.caller == "network":
            check(await send(callers["nowhere"], endpoint, request), 403, "No network is chosen")
        # Everybody sees their own user; others are like unknown ones.
        if endpoint.operation is not None and (endpoint.family, endpoint.method) != ("Users", "GET"):
            refused = await send(callers["nobody"], endpoint, request)
            check(refused, 403, f"not allowed to do '{endpoint.operation.key}'")
            if endpoint.method != "GET" and name(endpoint) not in READS:
                check(await send(callers["viewer"], endpoint, request), 403, "not allowed")


async def test_an_unknown_id_or_name_is_404(admin: AsyncClient, good: Good, services: Services) -> None:
    elsewhere = (await services.store.scan_all(Query(device.select().where(device.c.network_id == OTHER_NETWORK))))[0]
    for endpoint in PRIVATE:
        for parameter in SEGMENT.findall(endpoint.path):
            if "404" not in endpoint.errors or (name(endpoint).startswith("PUT") and parameter == "key"):
                continue  # PUT creates an entry of a profile
            others = (str(elsewhere.id), elsewhere.serial) if parameter == "device" else ()
            for ref in (*UNKNOWN, *others):
                if parameter == "location_path" and ref == "%20":
                    continue  # blank: everywhere
                answer = await send(admin, endpoint, good[name(endpoint)], ref=(parameter, ref))
                check(answer, 404, *(["no device"] if parameter == "device" else []))


@ON_SQLITE
async def test_a_malformed_oversized_or_foreign_body_is_refused(admin: AsyncClient, good: Good) -> None:
    for endpoint in READING_JSON:
        request = good[name(endpoint)]
        for body in BAD_JSON[endpoint.body_optional :]:  # the first is an empty body
            # A number too large is in a member that only devices have.
            if (b"1e999" in body and endpoint.family != "Devices") or (endpoint.body is str and body == b'"text"'):
                continue
            check(await send(admin, endpoint, request, content=body), 400)
        check(await send(admin, endpoint, request, content=b" " * 2_000_000), 413, str(endpoint.body_limit))
        for type_ in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
            check(await send(admin, endpoint, request, headers={"Content-Type": type_}), 415, type_)


async def test_a_wrong_type_of_any_member_is_400(admin: AsyncClient, good: Good) -> None:
    for endpoint in READING_JSON:
        for place, body in wrong_types(good[name(endpoint)].sent["json"]):
            named = "'settings" if place.startswith(".settings") and endpoint.family == "Devices" else ""
            answer = await send(admin, endpoint, good[name(endpoint)], content=json.dumps(body))
            check(answer, 400, named)


@ON_SQLITE
async def test_an_accept_header_without_our_type_is_406(admin: AsyncClient, good: Good) -> None:
    for endpoint in PRIVATE:
        for accept in ("text/html", "application/xml", "application/json;q=0", "image/*"):
            if endpoint.produces == JSON_TYPE or accept == "image/*":
                check(await send(admin, endpoint, good[name(endpoint)], headers={"Accept": accept}), 406, accept)


async def test_a_stale_precondition_is_412_and_a_malformed_one_400(admin: AsyncClient, good: Good) -> None:
    stale = ("Wed, 13 Mar 2024 15:51:01 GMT", "Sunday, 06-Nov-94 08:49:37 GMT")
    malformed = ("yesterday", "2024-03-13T15:51:01Z", "Wed, 13 Mar 2024", "0", "Wed, 31 Feb 2024 15:51:01 GMT")
    for endpoint in (endpoint for endpoint in PRIVATE if "412" in endpoint.errors):
        request = good[name(endpoint)]
        for date in stale:
            check(await send(admin, endpoint, request, headers={"If-Unmodified-Since": date}), 412, "changed")
        check(await send(admin, endpoint, request, headers={"If-Match": '"0-0"'}), 412, "ETag")
        for date in malformed:
            headers = {"If-Unmodified-Since": date}
            check(await send(admin, endpoint, request, headers=headers), 400, "If-Unmodified-Since")


#: Values that mean nothing, by parameter.
NONSENSE = {
    "pageSize": ("many", "1.5", "1e3"),
    "marker": ("x", "AAAA", "LTE="),
    **dict.fromkeys(
        ("filter", "sort", "projection", "grouping"), ("((", "[Nope] IS", "[Nope] ASC", "TOP(1000,[Nodes])", "\x00")
    ),
}


async def test_a_meaningless_parameter_is_400(admin: AsyncClient, good: Good) -> None:
    for endpoint in PRIVATE:
        for parameter in endpoint.parameters:
            if parameter.name == "marker" and endpoint.path.endswith("/blocked-serials/"):
                continue  # the last serial of the page, which may be any text
            for value in NONSENSE.get(parameter.name, ()):
                answer = await send(admin, endpoint, good[name(endpoint)], params={parameter.name: value})
                check(answer, 400)


# --- any status below 500, in one shape -------------------------------------------------------------------------------

#: What people send where an id or a name is expected.
ODD_REFS = ("1", *UNKNOWN, "no-such-thing", "%2F", "%00", "%FF", "'", "..")
ODD_BODIES = (b"", b"{", b"null", b"[]", b"{}", b'"text"', b"\xff", b'{"id": 1e999}', b"[" * 100_000, b'["\\ud800"]')
ODD_QUERIES = (
    *("filter=%00", "filter=((", "sort=%FF", "marker=x", "pageSize=x", f"filter={'(' * 2000}"),
    "filter=&sort=&marker=",
)
ODD_HEADERS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Range", "Content-Length")


def address(endpoint: Endpoint, ref: str = "1") -> str:
    """The address of the endpoint, with `ref` in the place of every parameter."""
    return ROOT + SEGMENT.sub(lambda _: ref, endpoint.path)


@ON_SQLITE
async def test_an_unknown_method_is_405(admin: AsyncClient) -> None:
    for endpoint in OFFERED:
        answer = await admin.request("LOCK", address(endpoint))
        check_shape(answer, 405)
        assert "Allow" in answer.headers


@ON_SQLITE
async def test_accept_is_checked_first(admin: AsyncClient) -> None:
    for endpoint in OFFERED:
        if endpoint.caller in ("network", "person") or endpoint.family == "Monitoring":  # others read a body first
            answer = await admin.request(endpoint.method, address(endpoint), headers={"Accept": "image/png"})
            check_shape(answer, 406, 403)


@ON_SQLITE
async def test_a_body_of_another_type_is_415(admin: AsyncClient) -> None:
    for endpoint in OFFERED:
        if endpoint.body is not None and endpoint.caller != "device":
            headers = {"Content-Type": "application/xml"}
            answer = await admin.request(endpoint.method, address(endpoint), content=b"<xml/>", headers=headers)
            check_shape(answer, 415, *((400, 401) if endpoint.consumes == FORM or endpoint.caller == "public" else ()))


@ON_SQLITE
@pytest.mark.parametrize("body", ODD_BODIES, ids=range(len(ODD_BODIES)))
async def test_an_odd_body_does_not_fail_the_server(admin: AsyncClient, body: bytes) -> None:
    for endpoint in OFFERED:
        headers = {"Content-Type": endpoint.consumes[0] if endpoint.consumes else JSON_TYPE}
        check_shape(await admin.request(endpoint.method, address(endpoint), content=body, headers=headers))


@ON_SQLITE
@pytest.mark.parametrize("ref", ODD_REFS, ids=range(len(ODD_REFS)))
async def test_an_odd_id_or_name_does_not_fail_the_server(admin: AsyncClient, ref: str) -> None:
    for endpoint in OFFERED:
        if "{" in endpoint.path:
            check_shape(await admin.request(endpoint.method, address(endpoint, ref)))


@ON_SQLITE
@pytest.mark.parametrize("query", ODD_QUERIES, ids=range(len(ODD_QUERIES)))
async def test_an_odd_query_does_not_fail_the_server(admin: AsyncClient, query: str) -> None:
    for endpoint in OFFERED:
        if endpoint.method == "GET":
            check_shape(await admin.request("GET", f"{address(endpoint)}?{query}"))


@ON_SQLITE
@pytest.mark.parametrize("header", ODD_HEADERS)
async def test_an_odd_header_does_not_fail_the_server(admin: AsyncClient, header: str) -> None:
    for endpoint in OFFERED:
        check_shape(await admin.request(endpoint.method, address(endpoint), headers={header: "no sense"}))
