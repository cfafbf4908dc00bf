"""The language as clients meet it: in the query of a request, in the pages that come back, in errors."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import store_player
from tests.foundation.expressions.test_reference import EXAMPLES, FLEET
from tests.identity.access.granted import grant


@pytest.fixture
async def fleet(services: Services, network: Tenant) -> None:
    for player in FLEET:
        await store_player(services.store, network.network_id, player)


NEW_MODEL = FLEET[-1] | {"id": 150, "serial": "ZX0000000150", "model": "ZX2060", "family": "Unknown"}


@pytest.fixture
async def fleet_with_new_model(services: Services, network: Tenant) -> None:
    """Devices 1, 2 and 150, of which the last has a model that the server does not list."""
    for player in [*(player for player in FLEET if player["id"] != 150), NEW_MODEL]:
        await store_player(services.store, network.network_id, player)


@pytest.mark.usefixtures("fleet")
async def test_each_example_without_tags_lists_and_counts_its_devices(admin: AsyncClient) -> None:
    for text, expected in EXAMPLES:
        if "<" in text:
            continue
        page = (await admin.get("/Devices/", params={"filter": text})).json()
        assert [player["id"] for player in page["items"]] == expected, text
        assert page["matchingItemCount"] == len(expected), text
        assert (await admin.get("/Devices/Count/", params={"filter": text})).json() == len(expected), text


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("[Settings].[Name] ASC", [150, 1, 2]),
        ("[Settings].[Description] asc", [150, 1, 2]),
        ("[Status].[Group].[Id] DESC", [2, 1, 150]),
        ("[Settings].[Group].[Name], [Id] DESC", [150, 1, 2]),
    ],
)
async def test_markers_lead_from_page_to_page_to_the_end(sort: str, expected: list[int], admin: AsyncClient) -> None:
    seen: list[int] = []
    marker: str | None = ""
    while marker is not None:
        query = {"sort": sort, "pageSize": "1", "marker": marker}
        page = (await admin.get("/Devices/", params=query)).json()
        assert (page["totalItemCount"], page["matchingItemCount"], page["pageSize"]) == (3, 3, 1)
        assert page["isTruncated"] is (page["nextMarker"] is not None)
        seen += [player["id"] for player in page["items"]]
        marker = page["nextMarker"]
    assert seen == expected


@pytest.mark.usefixtures("fleet")
async def test_spaces_may_be_sent_as_plus_signs(admin: AsyncClient) -> None:
    page = (await admin.get("/Devices/?filter=[Settings].[Name]+is+'Lobby+1'&sort=[Id]+desc")).json()
    assert [player["id"] for player in page["items"]] == [1]
    assert page["filterExpression"] == "[Settings].[Name] IS 'Lobby 1'"
    assert page["sortExpression"] == "[Id] DESC"


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("[Model] IS 'ZX2060'", [150]),
        ("[Model] IS 'zx2060'", [150]),
        ("[Device].[Model] IS IN ('XC4055', 'ZX2060')", [150]),
        ("[Model] IS NOT IN ('ZX2060')", [1, 2]),
        ("[Model] IS NOT 'zx2060' AND [Id] IS GREATER THAN 1", [2]),
    ],
)
async def test_a_model_that_a_device_has_can_be_named(
    filter: str, expected: list[int], admin: AsyncClient, fleet_with_new_model: None
) -> None:
    page = (await admin.get("/Devices/", params={"filter": filter})).json()
    assert [player["id"] for player in page["items"]] == expected
    assert page["matchingItemCount"] == len(expected)
    assert (await admin.get("/Devices/Count/", params={"filter": filter})).json() == len(expected)
    assert (await admin.get("/Devices/Regions/", params={"filter": filter})).status_code == 200
    assert (await admin.get("/Devices/All/Notes/", params={"filter": filter})).json()["items"] == []
    assert (await admin.request("DELETE", "/Devices/", params={"filter": filter})).json() == len(expected)


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ("[Model] IS 'NoSuchModel'", "Unsupported value 'NoSuchModel' for [Model] at 12; known values are HD223,"),
        ("[Model] IS 'HD1O24'", "Unsupported value 'HD1O24' for [Model] at 12; the nearest known values are HD1024,"),
        ("[Model] IS NOT 'ZX2061'", "Unsupported value 'ZX2061' for [Model] at 16; "),
        ("[Model] IS IN ('ZX2060', 'ZX2061')", "Unsupported value 'ZX2061' for [Model] at 26; "),
    ],
)
async def test_a_model_that_no_device_has_is_refused(
    filter: str, message: str, admin: AsyncClient, fleet_with_new_model: None
) -> None:
    for method, path in [
        ("GET", "/Devices/"),
        ("GET", "/Devices/Count/"),
        ("GET", "/Devices/Regions/"),
        ("GET", "/Devices/All/Notes/"),
        ("DELETE", "/Devices/"),
    ]:
        answer = await admin.request(method, path, params={"filter": filter})
        assert answer.status_code == 400, path
        assert answer.json()["message"].startswith(message)


async def test_the_model_of_a_hidden_device_is_not_revealed(
    network: Tenant, fleet_with_new_model: None, services: Services, sign_in: SignIn, call_as: CallAs
) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    query = {"filter": "[Model] IS 'ZX2060'"}
    assert (await viewer.get("/Devices/", params=query)).status_code == 200
    await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=150, role_id=VIEWERS.id)
    assert (await viewer.get("/Devices/", params=query)).status_code == 400


@pytest.mark.usefixtures("fleet")
async def test_a_model_of_another_network_is_unknown(admin: AsyncClient, network: Tenant, services: Services) -> None:
    await store_player(services.store, network.network_id + 1, NEW_MODEL | {"id": 151})
    answer = await admin.get("/Devices/", params={"filter": "[Model] IS 'ZX2060'"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"filter": "[Model] IS 'NoSuchModel'"}, "Unsupported value 'NoSuchModel' for [Model] at 12; known values are"),
        ({"sort": "[Nmae]"}, "Unknown property [Nmae] at 1; did you mean"),
        ({"sort": "[Name]", "marker": "x"}, "Unsupported marker; give the nextMarker of the previous page"),
    ],
)
async def test_a_mistake_is_a_400_with_a_suggestion(query: dict[str, str], message: str, admin: AsyncClient) -> None:
    answer = await admin.get("/Devices/", params=query)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)
