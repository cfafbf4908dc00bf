"""The language as clients meet it: in the query of a request, in the pages that come back, in errors."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from signfleet.founding import Founded
from signfleet.wiring import Services
from tests.devices.stored import store_player
from tests.expressions.test_reference import EXAMPLES, FLEET


@pytest.fixture
async def fleet(services: Services, network: Founded) -> None:
    for player in FLEET:
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
        ("[Settings].[Name] ASC", [150, 2, 1]),
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
async def test_blanks_may_come_as_plus_signs(admin: AsyncClient) -> None:
    page = (await admin.get("/Devices/?filter=[Settings].[Name]+is+'Lobby+1'&sort=[Id]+desc")).json()
    assert [player["id"] for player in page["items"]] == [1]
    assert page["filterExpression"] == "[Settings].[Name] IS 'Lobby 1'"
    assert page["sortExpression"] == "[Id] DESC"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"filter": "[Model] IS 'NoSuchModel'"}, "Unsupported value 'NoSuchModel' for [Model] at 12; known values are"),
        ({"sort": "[Nmae]"}, "Unknown property [Nmae] at 1; did you mean"),
        ({"sort": "[Name]", "marker": "x"}, "Unsupported marker; give the nextMarker of the page before"),
    ],
)
async def test_a_mistake_is_a_400_that_says_what_to_do(query: dict[str, str], message: str, admin: AsyncClient) -> None:
    answer = await admin.get("/Devices/", params=query)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)
