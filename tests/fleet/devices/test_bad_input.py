"""Bad input for every endpoint below /Devices: the documented status, an error that says what is wrong, no change."""

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
from signfleet.foundation.storage.tables import audit, metadata, token
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.web.http.endpoint import Endpoint
from tests.bad_input import BAD_JSON, check, wrong_types
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example, register, store_player

PREFIX = "/2022/06/REST"
DEVICES = [endpoint for endpoint in endpoints() if endpoint.family == "Devices"]
PLAYER = example("001-05-get-devices-id-int-answer")
#: What a good address has in the place of its parameters.
SEGMENTS = {
    "device": "12345",
    "name": "Hall",
    "token": "abcdef",
    "model": "XD1034",
    "connector": "HDMI",
    "location_path": "US",
}
#: A good body for each endpoint that takes one.
BODIES: dict[str, Any] = {
    "PUT /Devices/{device}/": example("001-06-put-devices-id-int-request"),
    "PATCH /Devices/{device}/": [{"op": "replace", "path": "/settings/description/", "value": "new"}],
    "POST /Devices/{device}/Beacons/": {
        "name": "New",
        "mode": "EddystoneUrl",
        "power": -20,
        "url": "https://a.example",
    },
    "PUT /Devices/{device}/Notes/": {"note": "new"},
    "POST /Devices/{device}/Permissions/": example("001-41-post-devices-id-int-permissions-request"),
    "DELETE /Devices/{device}/Permissions/": example("001-42-delete-devices-id-int-permissions-request"),
    "POST /Devices/{device}/Tags/": {"string::[Device].<New>": "x", "numericArray::[Device].<Slots>": [1, 2]},
    "DELETE /Devices/{device}/Tags/": ["string::[Content].<Anon>"],
}
OTHER_NETWORK = 4711


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path.removeprefix(PREFIX)}"


def path(endpoint: Endpoint, **segments: str) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: (SEGMENTS | segments)[found[1]], endpoint.path.removeprefix(PREFIX))


async def send(client: AsyncClient, endpoint: Endpoint, **differently: Any) -> Response:
    """A good request, but for what is said otherwise."""
    address = differently.pop("address", path(endpoint))
    headers = {"Content-Type": endpoint.consumes[0]} | differently.pop("headers", {})
    if name(endpoint) in BODIES and "content" not in differently:
        differently["content"] = json.dumps(BODIES[name(endpoint)])
    return await client.request(endpoint.method, address, headers=headers, **differently)


#: What signing in changes, and making users for it.
ACCESS = {"id_sequence", "network_total", "person", "person_profile", "session", "token", "user"}


@pytest.fixture(autouse=True)
async def unchanged(services: Services, network: Tenant) -> AsyncIterator[None]:
    """A device with a beacon, and another network's; whatever a test sends, they stay as they are."""
    beacon = {"name": "Hall", "mode": "EddystoneUrl", "power": 0, "url": "https://example.com"}
    player = PLAYER | {"settings": PLAYER["settings"] | {"beacons": [beacon]}}
    await store_player(services.store, network.network_id, player)
    await register(services.store, OTHER_NETWORK, ["ELSEWHERE1"])

    async def everything() -> dict[str, list[str]]:
        selects = {table.name: table.select() for table in metadata.tables.values() if table.name not in ACCESS}
        selects["audit"] = selects["audit"].where(audit.c.entity == "Device")
        rows = {name: await services.store.scan_all(Query(select)) for name, select in selects.items()}
        return {name: sorted(map(repr, found)) for name, found in rows.items()}

    before = await everything()
    yield
    assert await everything() == before


async def test_without_a_token_or_with_a_bad_one(
    client: AsyncClient, call_as: CallAs, sign_in: SignIn, services: Services
) -> None:
    expired = call_as(await sign_in())
    await services.store.write(lambda tx: tx.execute(Query(token.update().values(valid_to=1))))
    for endpoint in DEVICES:
        check(await send(client, endpoint), 401, "token")
        check(await send(expired, endpoint), 401, "expired")
        check(await send(client, endpoint, headers={"Authorization": "Bearer nonsense"}), 401, "unknown")
        check(await send(client, endpoint, headers={"Authorization": "Basic YTpi"}), 401, "Bearer")


async def test_with_a_token_that_does_not_reach(call_as: CallAs, sign_in: SignIn) -> None:
    elsewhere = call_as(await sign_in(scope="bsn.api.main.subscriptions bsn.api.self"))
    nowhere = call_as(await sign_in(choose=False))
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    nobody = call_as(await sign_in("nobody@example.com", role=None))
    for endpoint in DEVICES:
        check(await send(elsewhere, endpoint), 403, f"'{endpoint.scopes[0]}'")
        check(await send(nowhere, endpoint), 403, "No network is chosen")
        if endpoint.method != "GET":
            check(await send(viewer, endpoint), 403, "not allowed")
        if endpoint.operation is not None:
            check(await send(nobody, endpoint), 403, f"not allowed to do '{endpoint.operation.key}'")


async def test_of_a_device_that_is_not_there(admin: AsyncClient, services: Services) -> None:
    other = (await services.store.scan_all(Query(metadata.tables["device"].select())))[-1]
    assert other.network_id == OTHER_NETWORK
    segments = [
        str(other.id),
        other.serial,
        "4242",
        "SERIAL",
        "0",
        "-1",
        "2147483648",
        "99999999999",
        "1e3",
        "1.0",
        "%20",
    ]
    for endpoint in DEVICES:
        if "{device}" in endpoint.path:
            for segment in segments:
                check(await send(admin, endpoint, address=path(endpoint, device=segment)), 404, "no device")


async def test_of_a_part_that_is_not_there(admin: AsyncClient) -> None:
    for endpoint in DEVICES:
        for parameter in set(SEGMENTS) - {"device"}:
            if f"{{{parameter}" in endpoint.path:
                for segment in ("0", "-1", "99999999999", "Nothing", "%F0%9F%92%A9", "a" * 300):
                    check(await send(admin, endpoint, address=path(endpoint, **{parameter: segment})), 404)


async def test_with_a_body_that_is_not_json_or_too_long(admin: AsyncClient) -> None:
    for endpoint in DEVICES:
        if endpoint.body is not None:
            for content in BAD_JSON:
                check(await send(admin, endpoint, content=content), 400, "body")
            check(await send(admin, endpoint, content=b" " * 2_000_000), 413, str(endpoint.body_limit))
            for type_ in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
                check(await send(admin, endpoint, headers={"Content-Type": type_}), 415, type_)


async def test_with_the_wrong_type_at_any_place(admin: AsyncClient) -> None:
    for endpoint in DEVICES:
        for place, body in wrong_types(BODIES.get(name(endpoint))):
            if not is_free(name(endpoint), place):
                said = "'settings" if place.startswith(".settings") else ""
                check(await send(admin, endpoint, content=json.dumps(body)), 400, said)


def is_free(endpoint: str, place: str) -> bool:
    """Whether anything may stand there: what is read-only and what a device does not know is passed over."""
    if endpoint == "PUT /Devices/{device}/":
        return not place.startswith(".settings") or place in (".settings.setupType", ".settings.lastModifiedDate")
    if endpoint.endswith("/Permissions/"):
        return place.endswith((".creationDate", ".entityId", ".isFixed", ".isInherited"))
    return False


async def test_with_words_that_nobody_knows(admin: AsyncClient) -> None:
    interface = PLAYER["settings"]["network"]["interfaces"][0]
    for settings, said in (
        ({"network": {"interfaces": [interface | {"type": "Token Ring"}]}}, "'settings.network.interfaces[0].type'"),
        ({"screenshots": {"interval": "00:15:00", "orientation": "Upside Down"}}, "'settings.screenshots.orientation'"),
        ({"beacons": [{"name": "x", "mode": "AltBeacon"}]}, "'settings.beacons[0].mode'"),
        ({"screen": {"idleColor": "red"}}, "'settings.screen.idleColor'"),
        ({"synchronization": {"status": {"period": "often"}}}, "'settings.synchronization.status.period'"),
    ):
        check(await admin.put("/Devices/12345/", json={"settings": settings}), 400, said)
        change = [{"op": "replace", "path": f"/settings/{part}", "value": value} for part, value in settings.items()]
        check(await admin.patch("/Devices/12345/", json=change), 400, said)
    check(await admin.patch("/Devices/12345/", json=[{"op": "remove", "path": "/settings/name"}]), 400, "remove")
    for query in ("[Model] IS 'HD9999'", "[Status].[Health] IS 'Fine'"):
        for collection in ("/Devices/", "/Devices/Count/", "/Devices/Regions/US/", "/Devices/All/Notes/"):
            check(await admin.get(collection, params={"filter": query}), 400, "Unsupported value")
        check(await admin.delete("/Devices/", params={"filter": query}), 400, "Unsupported value")


async def test_with_an_accept_header_that_admits_no_json(admin: AsyncClient) -> None:
    for endpoint in DEVICES:
        for accept in ("text/html", "application/xml", "application/json;q=0", "image/*"):
            check(await send(admin, endpoint, headers={"Accept": accept}), 406, accept)


async def test_with_a_date_that_is_stale_or_none(admin: AsyncClient) -> None:
    guarded = [endpoint for endpoint in DEVICES if "412" in endpoint.errors]
    assert len(guarded) == 3
    for endpoint in guarded:
        for stale in ("Wed, 13 Mar 2024 15:51:01 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"):
            check(await send(admin, endpoint, headers={"If-Unmodified-Since": stale}), 412, "changed")
        check(await send(admin, endpoint, headers={"If-Match": '"0-0"'}), 412, "ETag")
        for malformed in (
            "yesterday",
            "2024-03-13T15:51:01Z",
            "Wed, 13 Mar 2024",
            "0",
            "Wed, 31 Feb 2024 15:51:01 GMT",
        ):
            check(await send(admin, endpoint, headers={"If-Unmodified-Since": malformed}), 400, "If-Unmodified-Since")


async def test_with_parameters_that_make_no_sense(admin: AsyncClient) -> None:
    for endpoint in DEVICES:
        for parameter in endpoint.parameters:
            if parameter.name == "pageSize":
                values = ["many", "1.5", "1e3"]
            elif parameter.name == "marker":
                values = ["x", "AAAA", "LTE="]
            else:
                values = ["((", "[Nope] IS", "[Nope] ASC", "TOP(1000,[Nodes])", "\x00"]
            for value in values:
                check(await send(admin, endpoint, params={parameter.name: value}), 400)
