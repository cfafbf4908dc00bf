"""GET of /Devices/, /Devices/Count/ and /Devices/{device}/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import CREATORS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example, register, store_player

#: The headers of the contract's request examples.
HEADERS = {"Accept": "application/json, application/vnd.bsn.error+json", "Accept-Encoding": "gzip,deflate"}

BY_ID = example("001-05-get-devices-id-int-answer")
BY_SERIAL = example("001-09-get-devices-serial-answer")


@pytest.mark.contract("GET /Devices/{device}/")
@pytest.mark.parametrize(("path", "player"), [("12345", BY_ID), ("46D89C101139", BY_SERIAL)])
async def test_the_example_comes_back_as_it_is_in_the_contract(
    path: str, player: Any, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await store_player(services.store, network.network_id, player)
    answer = await admin.get(f"/Devices/{path}/", headers=HEADERS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == player
    assert list(answer.json()) == list(player)


@pytest.mark.contract("GET /Devices/{device}/")
async def test_a_serial_is_found_in_any_letter_case(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await register(services.store, network.network_id, ["46D89C101139"])
    answer = await admin.get("/devices/46d89c101139")
    assert answer.json()["serial"] == "46D89C101139"


@pytest.mark.contract("GET /Devices/{device}/")
async def test_last_modified_covers_the_status_but_last_modified_date_does_not(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    player = BY_ID | {"status": BY_ID["status"] | {"lastModifiedDate": "2024-04-01T00:00:00Z"}}
    await store_player(services.store, network.network_id, player)
    answer = await admin.get("/Devices/12345/")
    assert answer.headers["last-modified"] == "Mon, 01 Apr 2024 00:00:00 GMT"
    assert answer.json()["lastModifiedDate"] == "2024-03-13T16:29:11.983Z"


@pytest.mark.contract("GET /Devices/{device}/")
async def test_an_unchanged_device_is_304(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await store_player(services.store, network.network_id, BY_ID)
    first = await admin.get("/Devices/12345/")
    for header, value in (
        ("If-Modified-Since", first.headers["last-modified"]),
        ("If-None-Match", first.headers["etag"]),
    ):
        again = await admin.get("/Devices/12345/", headers={header: value})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    earlier = {"If-Modified-Since": "Wed, 13 Mar 2024 15:51:01 GMT"}
    assert (await admin.get("/Devices/12345/", headers=earlier)).status_code == 200


@pytest.mark.contract("GET /Devices/{device}/")
@pytest.mark.parametrize("ref", ["0", "-1", "2147483647", "2147483648", "99999999999", "nobody", "a%2Fb", "%20"])
async def test_an_unknown_device_is_404(ref: str, admin: AsyncClient) -> None:
    answer = await admin.get(f"/Devices/{ref}/")
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"


@pytest.mark.contract("GET /Devices/{device}/")
async def test_another_networks_device_does_not_exist(admin: AsyncClient, services: Services) -> None:
    [id_] = await register(services.store, 4711, ["ELSEWHERE1"])
    for ref in (str(id_), "ELSEWHERE1"):
        assert (await admin.get(f"/Devices/{ref}/")).status_code == 404
    assert (await admin.get("/Devices/Count/")).json() == 0
    assert (await admin.get("/Devices/")).json()["items"] == []


@pytest.mark.contract("GET /Devices/")
async def test_the_list_example_is_answered_as_in_the_contract(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    expected = example("001-01-get-devices-answer")
    await store_player(services.store, network.network_id, expected["items"][0])
    await register(services.store, network.network_id, ["46D89C000002"], now=4_000_000_000_000)
    await register(services.store, network.network_id, ["46D89C000003"], model="XD1034")
    answer = await admin.get(
        "/Devices/?pageSize=1&filter=%5BModel%5D%20IS%20%27HD1024%27&sort=%5BLastModifiedDate%5D%20ASC", headers=HEADERS
    )
    assert answer.status_code == 200
    page = answer.json()
    assert list(page) == list(expected)
    # The example says that more follows by its marker and that nothing does by isTruncated; ours agree.
    assert page | {"nextMarker": None, "isTruncated": None} == expected | {"nextMarker": None, "isTruncated": None}
    assert page["isTruncated"] is True
    rest = await admin.get(
        "/Devices/",
        params={
            "marker": page["nextMarker"],
            "pageSize": "1",
            "filter": "[Model] IS 'HD1024'",
            "sort": "[LastModifiedDate] ASC",
        },
    )
    last = rest.json()
    assert [item["serial"] for item in last["items"]] == ["46D89C000002"]
    assert (last["nextMarker"], last["isTruncated"]) == (None, False)


@pytest.mark.contract("GET /Devices/")
@pytest.mark.parametrize(
    ("asked", "effective"), [(None, 100), ("0", 1), ("-5", 1), ("7", 7), ("100", 100), ("5000", 100)]
)
async def test_the_page_size_is_brought_to_1_to_100(asked: str | None, effective: int, admin: AsyncClient) -> None:
    page = (await admin.get("/Devices/", params={"pageSize": asked} if asked else {})).json()
    assert page["pageSize"] == effective


@pytest.mark.contract("GET /Devices/")
async def test_walking_the_pages_visits_every_device_once(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    serials = [f"SERIAL{number:03}" for number in range(57)]
    await register(services.store, network.network_id, serials)
    seen: list[str] = []
    marker: str | None = ""
    while marker is not None:
        page = (
            await admin.get("/Devices/", params={"pageSize": "10", "sort": "[Serial] DESC", "marker": marker})
        ).json()
        seen += [item["serial"] for item in page["items"]]
        assert (page["totalItemCount"], page["matchingItemCount"]) == (57, 57)
        marker = page["nextMarker"]
    assert seen == serials[::-1]


@pytest.mark.contract("GET /Devices/")
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"filter": "[Modle] IS 'HD1024'"}, "[Modle]"),
        ({"filter": "[Model] IS 'HD9999'"}, "Unsupported value 'HD9999' for [Model] at 12"),
        ({"sort": "[Settings] ASC"}, "[Settings]"),
        ({"marker": "not a marker"}, "marker"),
        ({"pageSize": "many"}, "pageSize"),
        ({"filter": "[Serial] IS '\x00'"}, "filter"),
    ],
)
async def test_a_bad_parameter_is_400_and_says_where(
    parameters: dict[str, str], message: str, admin: AsyncClient
) -> None:
    answer = await admin.get("/Devices/", params=parameters)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


@pytest.mark.contract("GET /Devices/")
async def test_unknown_parameters_and_an_empty_filter_are_ignored(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    answer = await admin.get("/Devices/?filter=&nextMarker=&FILTER=&whatever=1")
    assert (answer.json()["matchingItemCount"], answer.json()["filterExpression"]) == (1, None)


@pytest.mark.contract("GET /Devices/Count/")
async def test_the_count_is_a_bare_integer(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await register(services.store, network.network_id, ["A1", "A2"])
    await register(services.store, network.network_id, ["A3"], model="XD1034")
    assert (await admin.get("/Devices/Count/")).content == b"3"
    counted = await admin.get("/Devices/Count/?filter=%5BModel%5D%20IS%20%27HD1024%27", headers=HEADERS)
    assert counted.content == b"2"


@pytest.mark.contract("GET /Devices/")
async def test_a_caller_who_may_not_view_devices_gets_403(call_as: CallAs, sign_in: SignIn) -> None:
    client = call_as(await sign_in("creator@example.com", role=CREATORS))
    for path in ("/Devices/", "/Devices/Count/", "/Devices/12345/"):
        assert (await client.get(path)).status_code == 403


@pytest.mark.contract("GET /Devices/")
async def test_without_a_network_it_is_403(call_as: CallAs, sign_in: SignIn) -> None:
    answer = await call_as(await sign_in(choose=False)).get("/Devices/")
    assert answer.status_code == 403
    assert "network" in answer.json()["message"]


@pytest.mark.contract("GET /Devices/")
async def test_without_a_token_it_is_401(client: AsyncClient) -> None:
    answer = await client.get("/Devices/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
