"""GET of /Devices/{device}/Errors/ and /Devices/{device}/Downloads/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_DOWNLOADS
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example, register, store_downloads, store_errors
from tests.identity.access.granted import grant

ERROR = example("001-21-get-devices-id-int-errors-answer")
DOWNLOADS = example("001-23-get-devices-id-int-downloads-answer")
#: What a page says of what follows; the examples contradict themselves there.
OPEN = {"nextMarker": None, "isTruncated": None}


@pytest.fixture
async def device(services: Services, network: Tenant) -> int:
    """A device with nine errors and seven downloads, the contract's examples the newest of them."""
    [id_] = await register(services.store, network.network_id, ["46D89C101139"])
    older = [
        ERROR["items"][0] | {"timestamp": f"2023-03-2{day}T00:00:00Z", "responseCode": 100 + day, "reason": None}
        for day in (1, 0, 0)
    ]
    older += [older[0] | {"errorName": "diskError", "timestamp": f"2023-02-0{day}T00:00:00Z"} for day in range(1, 6)]
    await store_errors(services.store, network.network_id, id_, [*older, *ERROR["items"]])
    rest = [DOWNLOADS["items"][1] | {"timestamp": f"2021-05-0{day}T00:00:00Z"} for day in range(1, 5)]
    # With one time stamp, what was reported last comes first.
    await store_downloads(services.store, network.network_id, id_, [*rest, *reversed(DOWNLOADS["items"])])
    [other] = await register(services.store, network.network_id, ["OTHER"])
    await store_errors(services.store, network.network_id, other, older)
    return id_


async def get(client: AsyncClient, path: str, **query: str) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.contract("GET /Devices/{device}/Errors/", "GET /Devices/{device}/Downloads/")
async def test_the_examples_are_answered_as_in_the_contract(admin: AsyncClient, device: int) -> None:
    for expected, collection, size in (
        (ERROR, "Errors", "1"),
        (example("001-22-get-devices-serial-errors-answer"), "Errors", "1"),
        (DOWNLOADS, "Downloads", "3"),
        (example("001-24-get-devices-serial-downloads-answer"), "Downloads", "3"),
    ):
        for ref in (str(device), "46D89C101139"):
            page = await get(admin, f"/Devices/{ref}/{collection}/", pageSize=size)
            assert list(page) == list(expected)
            assert page | OPEN == expected | OPEN
            assert [list(item) for item in page["items"]] == [list(item) for item in expected["items"]]


@pytest.mark.contract("GET /Devices/{device}/Errors/", "GET /Devices/{device}/Downloads/")
@pytest.mark.parametrize(("collection", "count"), [("Errors", 9), ("Downloads", 7)])
async def test_pages_list_each_once_the_newest_first(
    collection: str, count: int, admin: AsyncClient, device: int
) -> None:
    items: list[Any] = []
    query = {"pageSize": "2"}
    while True:
        page = await get(admin, f"/Devices/{device}/{collection}/", **query)
        items += page["items"]
        assert page["isTruncated"] is (page["nextMarker"] is not None)
        if page["nextMarker"] is None:
            break
        query["marker"] = page["nextMarker"]
    stamps = [item["timestamp"] for item in items]
    assert (len(items), stamps) == (count, sorted(stamps, reverse=True))
    assert items == (await get(admin, f"/Devices/{device}/{collection}/"))["items"]


@pytest.mark.contract("GET /Devices/{device}/Errors/", "GET /Devices/{device}/Downloads/")
async def test_filter_and_sort_are_taken_though_the_contract_does_not_offer_them(
    admin: AsyncClient, device: int
) -> None:
    path = f"/Devices/{device}/Errors/"
    page = await get(admin, path, filter="[ErrorName] IS 'DISKERROR'", sort="[Timestamp] ASC", pageSize="1")
    assert (page["totalItemCount"], page["matchingItemCount"]) == (9, 5)
    assert page["items"][0]["timestamp"] == "2023-02-01T00:00:00Z"
    assert (page["filterExpression"], page["sortExpression"]) == ("[ErrorName] IS 'DISKERROR'", "[Timestamp] ASC")
    page = await get(admin, path, filter="[DeviceError].[ResponseCode] IS LESS THAN 0 AND [Reason] IS '*TIMED OUT*'")
    assert page["matchingItemCount"] == 1
    page = await get(admin, f"/Devices/{device}/Downloads/", filter="[Status] IS 'OK'", sort="[FileName] DESC")
    assert (page["matchingItemCount"], page["items"][0]["fileName"]) == (6, "featureMinRevs.json")
    for query in ({"filter": "[Nope] IS 1"}, {"sort": "[Nope] ASC"}, {"marker": "a9DH34d23Bh0"}):
        assert (await admin.get(path, params=query)).status_code == 400


@pytest.mark.contract("GET /Devices/{device}/Downloads/")
async def test_viewing_a_device_does_not_include_its_downloads(
    device: int, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    store = services.store
    await grant(store, network.network_id, VIEW_DOWNLOADS, allowed=False, entity_id=device, role_id=VIEWERS.id)
    assert (await viewer.get(f"/Devices/{device}/Downloads/")).status_code == 403
    assert (await viewer.get("/Devices/OTHER/Downloads/")).status_code == 200
    assert (await viewer.get(f"/Devices/{device}/Errors/")).status_code == 200


@pytest.mark.contract("GET /Devices/{device}/Errors/", "GET /Devices/{device}/Downloads/")
@pytest.mark.parametrize("collection", ["Errors", "Downloads"])
async def test_a_device_without_any_has_an_empty_page(
    collection: str, admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await register(services.store, network.network_id, ["A1"])
    page = await get(admin, f"/devices/a1/{collection.lower()}")
    assert (page["items"], page["totalItemCount"], page["nextMarker"], page["isTruncated"]) == ([], 0, None, False)


@pytest.mark.contract("GET /Devices/{device}/Errors/", "GET /Devices/{device}/Downloads/")
@pytest.mark.parametrize("collection", ["Errors", "Downloads"])
async def test_of_a_device_that_the_caller_may_not_see_there_is_nothing(
    collection: str, admin: AsyncClient, services: Services, network: Tenant, call_as: CallAs, sign_in: SignIn
) -> None:
    await register(services.store, 4711, ["ELSEWHERE1"])
    [hidden] = await register(services.store, network.network_id, ["HIDDEN1"])
    for ref in ("ELSEWHERE1", "0", "2147483648", "nobody"):
        assert (await admin.get(f"/Devices/{ref}/{collection}/")).status_code == 404
    viewer = call_as(await sign_in("vera@example.com", role=VIEWERS))
    assert (await viewer.get(f"/Devices/{hidden}/{collection}/")).status_code == 200
    await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=hidden, role_id=VIEWERS.id)
    assert (await viewer.get(f"/Devices/{hidden}/{collection}/")).status_code == 404
