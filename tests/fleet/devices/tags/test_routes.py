"""GET, POST and DELETE of /Devices/{device}/Tags/."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example, register
from tests.interleaving import reading_before_writing

MODIFIED = "2024-03-13T16:29:11.983Z"


@pytest.fixture(autouse=True)
async def devices(services: Services, network: Tenant) -> list[int]:
    return await register(services.store, network.network_id, ["A1", "A2"])


async def add(admin: AsyncClient, tags: dict[str, Any], device: str = "A1") -> int:
    return (await admin.post(f"/Devices/{device}/Tags/", json=tags)).status_code


async def tags(admin: AsyncClient, device: str = "A1") -> Any:
    return (await admin.get(f"/Devices/{device}/Tags/")).json()


async def remove(admin: AsyncClient, keys: list[str], device: str = "A1") -> int:
    return (await admin.request("DELETE", f"/Devices/{device}/Tags/", json=keys)).status_code


@pytest.mark.contract("GET /Devices/{device}/Tags/")
@pytest.mark.parametrize("name", ["001-28-get-devices-id-int-tags-answer", "001-31-get-devices-serial-tags-answer"])
async def test_the_example_comes_back_as_it_is_in_the_contract(
    name: str, admin: AsyncClient, devices: list[int]
) -> None:
    assert await tags(admin) == {}
    assert await add(admin, example(name)) == 204
    for ref in ("a1", str(devices[0])):
        assert await tags(admin, ref) == example(name)
    assert (await admin.get("/Devices/A1/")).json()["tags"] == example(name)


@pytest.mark.contract("POST /Devices/{device}/Tags/", "DELETE /Devices/{device}/Tags/")
@pytest.mark.parametrize(
    ("adding", "deleting"),
    [
        ("001-29-post-devices-id-int-tags-request", "001-30-delete-devices-id-int-tags-request"),
        ("001-32-post-devices-serial-tags-request", "001-33-delete-devices-serial-tags-request"),
    ],
)
async def test_the_examples_add_and_delete(adding: str, deleting: str, admin: AsyncClient) -> None:
    assert await add(admin, example(adding)) == 204
    assert await tags(admin) == {"number::[Device].<Number>": "1", "boolean::[Device].<Boolean>": "true"}
    assert await remove(admin, example(deleting)) == 204
    assert await tags(admin) == {}
    assert await remove(admin, example(deleting)) == 204


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_values_may_be_text_or_of_their_type(admin: AsyncClient) -> None:
    sent: dict[str, Any] = {
        "String::[device].<City>": "Odesa",
        "number::[Device].<Floor>": 2.50,
        "dateTime::[Device].<Installed>": "2024-03-13T00:00:00+02:00",
        "TimeSpan::[Device].<Dwell>": "00:05",
        "stringArray::[Device].<Colors>": ["red", 'dark "blue"'],
        "numericArray::[Device].<Slots>": "1, 2.0",
        "number::[Content].<Floor>": "3",
    }
    assert await add(admin, sent) == 204
    assert await tags(admin) == {
        "string::[Device].<City>": "Odesa",
        "number::[Device].<Floor>": "2.5",
        "dateTime::[Device].<Installed>": "2024-03-12T22:00:00Z",
        "timeSpan::[Device].<Dwell>": "00:05:00",
        "stringArray::[Device].<Colors>": '"red","dark ""blue"""',
        "numericArray::[Device].<Slots>": "1,2",
        "number::[Content].<Floor>": "3",
    }


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_filters_and_sorts_find_tags(admin: AsyncClient) -> None:
    await add(admin, {"string::[Device].<City>": "Odesa", "number::[Device].<Floor>": 10}, "A1")
    await add(admin, {"string::[Device].<City>": "Lviv", "number::[Device].<Floor>": 9}, "A2")
    await add(admin, {"stringArray::[Device].<Colors>": ["Red", "blue"]}, "A2")
    for filter_, count in (
        ("<City> IS 'odesa'", 1),
        ("<Floor> IS GREATER THAN 9", 1),
        ("<Colors> CONTAINS ANY ('RED')", 1),
        ("<Colors> CONTAINS ALL ('red', 'green')", 0),
    ):
        assert (await admin.get("/Devices/Count/", params={"filter": filter_})).json() == count, filter_
    page = (await admin.get("/Devices/", params={"sort": "<Floor> ASC"})).json()
    assert [item["serial"] for item in page["items"]] == ["A2", "A1"]
    await remove(admin, ["string::[Device].<City>", "stringArray::[Device].<Colors>"], "A2")
    for filter_ in ("<City> IS 'Lviv'", "<Colors> CONTAINS ANY ('RED')"):
        assert (await admin.get("/Devices/Count/", params={"filter": filter_})).json() == 0, filter_


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_a_bad_tag_refuses_them_all_and_says_which(admin: AsyncClient) -> None:
    await add(admin, {"string::[Device].<City>": "Odesa"})
    before = (await admin.get("/Devices/A1/")).content
    for key, value, message in (
        ("string::[Device].<CITY>", "Lviv", "already"),
        ("number::[Device].<City>", 1, "already"),
        ("string::[sys].[Device].<City>", "Lviv", "system"),
        ("text::[Device].<Street>", "", "position 1"),
        ("string::[Person].<Street>", "", "entity"),
        ("number::[Device].<Floor>", "second", "number"),
        ("number::[Device].<Floor>", None, "number"),
        ("number::[Device].<Floor>", True, "number"),
        ("string::[Device].<Street>", "x" * 513, "512"),
        ("string::[Device].<Street>", 7, "string"),
        ("stringArray::[Device].<Street>", ["a", 7], "string"),
        ("dateTime::[Device].<Day>", "tomorrow", "date"),
    ):
        answer = await admin.post("/Devices/A1/Tags/", json={"string::[Device].<Good>": "yes", key: value})
        assert answer.status_code == 400, key
        assert message in answer.json()["message"] and key in answer.json()["message"], key
    twice = {"string::[Device].<Street>": "a", "string::[Device].<STREET>": "b"}
    assert await add(admin, twice) == 400
    assert (await admin.get("/Devices/A1/")).content == before


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_a_network_spells_and_types_a_tag_one_way(admin: AsyncClient) -> None:
    await add(admin, {"string::[Device].<City>": "Odesa"}, "A1")
    assert await add(admin, {"string::[Device].<CITY>": "Lviv"}, "A2") == 204
    assert await tags(admin, "A2") == {"string::[Device].<City>": "Lviv"}
    conflict = await admin.post("/Devices/A2/Tags/", json={"number::[Content].<City>": 1, "number::[Device].<x>": 1})
    assert conflict.status_code == 204
    await remove(admin, ["string::[device].<city>"], "A2")
    refused = await admin.post("/Devices/A2/Tags/", json={"number::[Device].<City>": 1})
    assert (refused.status_code, "type string" in refused.json()["message"]) == (400, True)
    await remove(admin, ["string::[Device].<City>"], "A1")
    assert await add(admin, {"number::[Device].<CITY>": 1}, "A2") == 204
    assert "number::[Device].<CITY>" in await tags(admin, "A2")


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_a_device_has_100_tags_at_most(admin: AsyncClient) -> None:
    assert await add(admin, {f"number::[Device].<N{number}>": number for number in range(100)}) == 204
    assert await add(admin, {"number::[Device].<N100>": 100}) == 400
    assert len(await tags(admin)) == 100


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_the_longest_texts_fit(admin: AsyncClient) -> None:
    longest = {"string::[Device].<" + "ᾷ" * 128 + ">": "ᾷ" * 512, "stringArray::[Device].<A>": ["𝒳" * 512, "ᾷ" * 512]}
    assert await add(admin, longest) == 204
    assert (await tags(admin))["stringArray::[Device].<A>"] == f'"{"𝒳" * 512}","{"ᾷ" * 512}"'


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_one_of_many_concurrent_additions_of_a_tag_succeeds(admin: AsyncClient) -> None:
    statuses = await asyncio.gather(*(add(admin, {"string::[Device].<City>": str(number)}) for number in range(6)))
    assert sorted(statuses) == [204, 400, 400, 400, 400, 400]
    assert list((await tags(admin)).values()) == [str(statuses.index(204))]
    new = {"string::[Device].<Hall>": "x", "string::[Device].<Row>": "y"}
    statuses = await asyncio.gather(*(add(admin, new, device) for device in ("A1", "A2")))
    assert statuses == [204, 204]


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_a_change_of_tags_moves_the_dates_and_guards_settings(admin: AsyncClient) -> None:
    before = await admin.get("/Devices/A1/")
    await add(admin, {"string::[Device].<City>": "Odesa"})
    after = await admin.get("/Devices/A1/")
    assert before.json()["lastModifiedDate"] == MODIFIED != after.json()["lastModifiedDate"]
    assert after.json()["settings"]["lastModifiedDate"] == MODIFIED
    stale = {"If-Unmodified-Since": before.headers["last-modified"]}
    assert (await admin.put("/Devices/A1/", json={"settings": {"name": "x"}}, headers=stale)).status_code == 412
    assert await remove(admin, ["string::[Device].<Nothing>"]) == 204
    assert (await admin.get("/Devices/A1/")).headers["etag"] == after.headers["etag"]


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_viewers_may_not_tag(call_as: CallAs, sign_in: SignIn) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert await tags(viewer) == {}
    assert await add(viewer, {"string::[Device].<City>": "x"}) == 403
    assert await remove(viewer, ["string::[Device].<City>"]) == 403


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_concurrent_additions_give_a_free_name_one_type(admin: AsyncClient) -> None:
    text, number = "string::[Device].<Floor>", "number::[Device].<Floor>"
    for _ in range(6):
        assert await add(admin, {text: "1"}) == 204
        assert await remove(admin, [text]) == 204
        answers = await asyncio.gather(add(admin, {text: "1"}), add(admin, {number: 1}, "A2"))
        assert sorted(answers) == [204, 400]
        await remove(admin, [text])
        await remove(admin, [number], "A2")


@pytest.mark.contract("POST /Devices/{device}/Tags/")
async def test_new_names_can_be_given_from_two_sides_in_any_order(admin: AsyncClient) -> None:
    names = [f"string::[Device].<{name}>" for name in ("Floor", "Door")]
    with reading_before_writing():
        answers = await asyncio.gather(
            add(admin, dict.fromkeys(names, "1")), add(admin, dict.fromkeys(reversed(names), "1"), "A2")
        )
    assert answers == [204, 204]
