"""GET of /Devices/ScreenShots/ and /Devices/{device}/ScreenShots/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_SCREENSHOTS
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example, register, store_screenshots
from tests.identity.access.granted import grant

EXAMPLE = example("001-25-get-devices-deviceid-int-screenshots-answer")
PICTURE = EXAMPLE["items"][0]
#: What is different each time: markers are ours, paths are links to this server.
OPEN = {"nextMarker": None}
LINKS = {"filePath": None, "thumbPath": None}


def taken(id_: int, device_id: int, serial: str, **more: Any) -> dict[str, Any]:
    """A picture; the higher its id the later."""
    stamp = f"2023-10-20T{id_ // 60:02}:{id_ % 60:02}:00Z"
    picture: dict[str, Any] = PICTURE | {"id": id_, "device": {"id": device_id, "serial": serial}}
    return picture | {"utcTimestamp": stamp, "localTimestamp": stamp} | more


@pytest.fixture
async def fleet(services: Services, network: Tenant) -> dict[str, int]:
    """Three devices by serial; A has 5 pictures, B 2 and C 1, of group Default but for one."""
    serials = ("A", "B", "C")
    ids = dict(zip(serials, await register(services.store, network.network_id, serials), strict=True))
    shown = [taken(number, ids["A"], "A") for number in (1, 3, 5, 7, 9)]
    shown += [taken(number, ids["B"], "B") for number in (2, 4)]
    shown += [taken(6, ids["C"], "C", groupName="Lobby")]
    await store_screenshots(services.store, network.network_id, shown)
    return ids


async def ids_of(client: AsyncClient, path: str = "/Devices/ScreenShots/", **query: str) -> tuple[list[int], int, int]:
    """Which pictures, how many match, of how many."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return [item["id"] for item in page["items"]], page["matchingItemCount"], page["totalItemCount"]


@pytest.mark.contract("GET /Devices/{device}/ScreenShots/")
async def test_the_examples_are_answered_as_in_the_contract(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    [id_] = await register(services.store, network.network_id, ["CFD02W901738"])
    device = {"id": id_, "serial": "CFD02W901738"}
    newest = PICTURE | {"device": device, "utcTimestamp": "2023-10-19T15:07:57.771Z"}
    older = [newest | {"id": number, "utcTimestamp": f"2023-10-1{number}T00:00:00Z"} for number in (1, 2, 3)]
    await store_screenshots(services.store, network.network_id, [newest, *older])
    for ref, name in ((str(id_), "25-get-devices-deviceid-int"), ("cfd02w901738", "26-get-devices-serial")):
        expected = example(f"001-{name}-screenshots-answer")
        page = (await admin.get(f"/Devices/{ref}/Screenshots", params={"pageSize": "1"})).json()
        [item], [wanted] = page.pop("items"), expected.pop("items")
        assert page | OPEN == expected | OPEN
        assert item | LINKS == wanted | {"device": device} | LINKS
        assert list(item) == list(wanted)
        assert page["nextMarker"]


@pytest.mark.contract("GET /Devices/ScreenShots/")
async def test_the_request_example_is_understood(admin: AsyncClient, fleet: dict[str, int]) -> None:
    expected = example("001-27-get-devices-screenshots-answer")
    answer = await admin.get(
        "/Devices/ScreenShots/?projection=TOP%283%2C%5BNodes%5D%29&pageSize=1"
        "&filter=%5BgroupName%5D%20IS%20%27Default%27&grouping=%5BSerial%5D&sort=%5BId%5D%20ASC"
    )
    page = answer.json()
    assert list(page) == list(expected)
    assert list(page["items"][0]) == list(expected["items"][0])
    same = ("pageSize", "isTruncated", "sortExpression", "filterExpression")
    assert [page[name] for name in same] == [expected[name] for name in same]
    assert (page["totalItemCount"], page["matchingItemCount"]) == (8, 5)


@pytest.mark.contract("GET /Devices/ScreenShots/")
async def test_a_projection_returns_the_first_of_each_group(admin: AsyncClient, fleet: dict[str, int]) -> None:
    assert await ids_of(admin) == ([9, 7, 6, 5, 4, 3, 2, 1], 8, 8)
    assert await ids_of(admin, projection="TOP(1,[Nodes])", grouping="[Serial]") == ([9, 6, 4], 3, 8)
    assert await ids_of(admin, projection="TOP(2, [Nodes])", grouping="[Device].[Id]", sort="[Id] ASC") == (
        [1, 2, 3, 4, 6],
        5,
        8,
    )
    assert await ids_of(admin, projection="TOP(3,[Nodes])") == ([9, 7, 6], 3, 8)
    assert await ids_of(admin, projection=" ", grouping=" ", filter=" ", sort=" ") == ([9, 7, 6, 5, 4, 3, 2, 1], 8, 8)
    assert await ids_of(admin, grouping="[Serial]", filter="[Device].[Serial] IS 'b'") == ([4, 2], 2, 8)
    for query in (
        {"projection": "TOP(0,[Nodes])"},
        {"projection": "TOP(101,[Nodes])"},
        {"projection": "LAST(1,[Nodes])"},
        {"projection": "TOP(1,[Nodes])", "grouping": "[Nope]"},
        {"grouping": "Serial"},
    ):
        assert (await admin.get("/Devices/ScreenShots/", params=query)).status_code == 400, query


@pytest.mark.contract("GET /Devices/ScreenShots/")
async def test_screenshots_are_filtered_by_the_values_in_answers(
    admin: AsyncClient, fleet: dict[str, int], services: Services, network: Tenant
) -> None:
    exact = taken(
        10, fleet["C"], "C", utcTimestamp="2023-10-21T00:00:01.267Z", localTimestamp="2023-10-20T19:00:01.267"
    )
    await store_screenshots(services.store, network.network_id, [exact])
    [shown] = (await admin.get("/Devices/ScreenShots/", params={"filter": "[Id] IS 10"})).json()["items"]
    for name in ("utcTimestamp", "localTimestamp"):
        assert await ids_of(admin, filter=f"[{name}] IS '{shown[name]}'") == ([10], 1, 9), name
        assert await ids_of(admin, filter=f"[{name}] IS AFTER '{shown[name]}'") == ([], 0, 9), name
    for name in ("filePath", "thumbPath"):
        file = shown[name].rpartition("/")[2]
        assert await ids_of(admin, filter=f"[{name}] ENDS WITH '/{file}'") == ([10], 1, 9), name
        in_order = sorted(range(1, 11), key=str)[::-1]
        in_order.remove(8)
        assert (await ids_of(admin, sort=f"[{name}] DESC"))[0] == in_order, name


@pytest.mark.contract("GET /Devices/ScreenShots/")
async def test_pages_of_a_projection_list_each_once(admin: AsyncClient, fleet: dict[str, int]) -> None:
    query, seen = {"projection": "TOP(2,[Nodes])", "grouping": "[Serial]", "pageSize": "2"}, []
    while True:
        page = (await admin.get("/Devices/ScreenShots/", params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["nextMarker"] is None:
            break
        query["marker"] = page["nextMarker"]
    assert seen == [9, 7, 6, 4, 2]


@pytest.mark.contract("GET /Devices/{device}/ScreenShots/")
async def test_the_links_lead_to_the_files_without_a_token(
    admin: AsyncClient, client: AsyncClient, fleet: dict[str, int], services: Services, network: Tenant
) -> None:
    await services.blobs.put(f"screenshots/{network.network_id}/6.jpg", b"a picture")
    await services.blobs.put(f"screenshots/{network.network_id}/6.thumb.jpg", b"a thumbnail")
    [item] = (await admin.get("/Devices/C/ScreenShots/")).json()["items"]
    for name, content in (("filePath", b"a picture"), ("thumbPath", b"a thumbnail")):
        answer = await client.get(item[name])
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, "image/jpeg")
        forged = item[name].replace("6.", "7.")
        assert (await client.get(forged)).status_code == 404


@pytest.mark.contract("GET /Devices/ScreenShots/", "GET /Devices/{device}/ScreenShots/")
async def test_pictures_of_hidden_devices_and_hidden_pictures_are_left_out(
    fleet: dict[str, int], services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    for operation, serial in ((VIEW_DEVICE, "A"), (VIEW_SCREENSHOTS, "B")):
        await grant(
            services.store,
            network.network_id,
            operation,
            allowed=False,
            entity_id=fleet[serial],
            role_id=VIEWERS.id,
        )
    assert await ids_of(viewer) == ([6], 1, 1)
    assert await ids_of(viewer, filter="[Serial] IS 'A'") == ([], 0, 1)
    statuses = [(await viewer.get(f"/Devices/{serial}/ScreenShots/")).status_code for serial in "ABC"]
    assert statuses == [404, 403, 200]
