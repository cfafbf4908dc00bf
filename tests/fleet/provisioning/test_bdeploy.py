"""B-Deploy: setups and the records of serials, in every spelling that clients use."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient, Response

from signfleet.app.wiring import Services
from signfleet.fleet.provisioning.records.service import DELETED_AT_ONCE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn

DEVICES, SETUPS = f"{ROOT}/rest-device/v2/device", f"{ROOT}/rest-setup/v3/setup"
NETWORK = "Test Network"
pytestmark = pytest.mark.contract("B-Deploy")


def document(package: str = "Lobby", **members: Any) -> dict[str, Any]:
    return {
        "version": "3.0.0",
        "bDeploy": {"username": "JaneDoe@example.com", "networkName": NETWORK, "packageName": package},
        "setupType": "standalone",
        "bsnGroupName": "Lobbies",
        "ofNobody": {"knows": [1, 2.5, None, "é"]},
        **members,
    }


def result(answer: Response, status: int = 200) -> Any:
    """Returns the result of the envelope."""
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] is None
    return answer.json()["result"]


def refusal(answer: Response, status: int) -> str:
    """Returns the text of an error in the envelope."""
    body = answer.json()
    assert (answer.status_code, body["result"]) == (status, None)
    assert isinstance(body["error"], str)
    return str(body["message"])


async def create(admin: AsyncClient, serial: str = "ABC123", **members: Any) -> str:
    body = {"username": "joe", "serial": serial, "networkName": NETWORK, **members}
    return str(result(await admin.post(DEVICES, json=body), 201))


class TestSetups:
    async def test_a_document_comes_back_as_it_was_sent(self, admin: AsyncClient) -> None:
        id_ = result(await admin.post(SETUPS, json=document()), 201)
        assert (len(id_), int(id_, 16) > 0) == (24, True)
        assert (await admin.get(f"{SETUPS}/{id_}/")).json() == {"_id": id_, **document()}
        (row,) = result(await admin.get(SETUPS))
        assert json.loads(row["setupJson"]) == document()
        assert (row["_id"], row["packageName"], row["bsnGroupName"], row["networkName"]) == (
            id_,
            "Lobby",
            "Lobbies",
            NETWORK,
        )
        (whole,) = result(await admin.get(f"{SETUPS}?_id={id_}"))
        assert whole | document() == whole

    async def test_it_is_replaced_by_the_id_in_the_body_as_bytes_without_a_type(self, admin: AsyncClient) -> None:
        id_ = result(await admin.post(SETUPS, json=document()), 201)
        changed = {"_id": id_, **document("Foyer")}
        answer = await admin.put(
            f"{SETUPS}?username=joe", content=json.dumps(changed), headers={"Content-Type": "application/octet-stream"}
        )
        assert result(answer) == changed
        assert [row["packageName"] for row in result(await admin.get(SETUPS))] == ["Foyer"]

    async def test_lists_are_narrowed_sorted_and_paged_in_every_spelling(self, admin: AsyncClient) -> None:
        for name in ("C", "a", "B"):
            await admin.post(SETUPS, json=document(name))

        async def names(query: str) -> list[str]:
            return [row["packageName"] for row in result(await admin.get(f"{SETUPS}/?{query}"))]

        assert await names("") == ["a", "B", "C"]
        assert await names("sort[packageName]=-1&page[pageNum]=1&page[pageSize]=2") == ["C", "B"]
        assert await names("page%5Bpagenum%5D=2&page%5Bpagesize%5D=2") == ["C"]
        assert await names("query[networkName]=test%20network&query.username=None") == ["a", "B", "C"]
        assert await names("NetworkName=Elsewhere") == []
        assert await names("packageName=b") == ["B"]
        assert await names("query[username]=nobody") == []

    async def test_it_is_deleted_by_query_or_path(self, admin: AsyncClient) -> None:
        first, second = [result(await admin.post(SETUPS, json=document()), 201) for _ in range(2)]
        result(await admin.delete(f"{SETUPS}?_id={first}", headers={"Content-Type": "application/json"}))
        result(await admin.delete(f"{SETUPS}/{second}"))
        assert result(await admin.get(SETUPS)) == []
        assert "no setup" in refusal(await admin.get(f"{SETUPS}/{first}"), 404)

    async def test_text_that_no_store_takes_is_refused_or_stays_inside_the_document(self, admin: AsyncClient) -> None:
        deploy = document()["bDeploy"]
        for name in ("username", "packageName", "networkName"):
            sent = document() | {"bDeploy": deploy | {name: f"{deploy[name]}\x00"}}
            assert f"'bDeploy.{name}'" in refusal(await admin.post(SETUPS, json=sent), 400)
        id_ = result(await admin.post(SETUPS, json=document(other="a\x00b", **{"c\x00": 1})), 201)
        assert (await admin.get(f"{SETUPS}/{id_}")).json()["other"] == "a\x00b"
        assert refusal(await admin.get(f"{SETUPS}/%00"), 400)

    @ON_SQLITE
    @pytest.mark.parametrize(
        ("body", "status", "named"),
        [
            (b"[]", 400, "one JSON object"),
            (b"{", 400, "one JSON object"),
            (b"{}", 400, "'bDeploy'"),
            (b'{"bDeploy": {"networkName": "Test Network"}}', 400, "'bDeploy.packageName'"),
            (b'{"bDeploy": {"NetworkName": "Other", "packageName": "x"}}', 403, "'Other'"),
        ],
    )
    async def test_a_document_without_a_name_is_refused(
        self, admin: AsyncClient, body: bytes, status: int, named: str
    ) -> None:
        assert named in refusal(await admin.post(SETUPS, content=body), status)


class TestRecords:
    async def test_a_record_has_every_member_that_clients_read(self, admin: AsyncClient) -> None:
        id_ = await create(admin, setupId="f" * 24, setupName="Lobby", desc="Left", model="XT1145", userdata={"a": 1})
        page = result(await admin.get(f"{DEVICES}/?serial=abc123"))
        (record,) = page["players"]
        assert (page["total"], page["matched"]) == (1, 1)
        assert record.pop("createdAt") == record.pop("updatedAt")
        assert record == {
            "_id": id_,
            "client": "joe",
            "networkName": NETWORK,
            "NetworkName": NETWORK,
            "username": "joe",
            "serial": "ABC123",
            "name": "",
            "model": "XT1145",
            "desc": "Left",
            "setupId": "f" * 24,
            "setupName": "Lobby",
            "url": None,
            "userData": {"a": 1},
            "__v": 0,
        }

    async def test_lists_are_narrowed_sorted_and_paged_in_every_spelling(self, admin: AsyncClient) -> None:
        ids = {serial: await create(admin, serial, setupName=f"S{serial}") for serial in ("C3", "A1", "B2")}

        async def found(query: str) -> tuple[int, list[str]]:
            page = result(await admin.get(f"{DEVICES}?{query}"))
            return page["matched"], [record["serial"] for record in page["players"]]

        assert await found("") == (3, ["A1", "B2", "C3"])
        assert await found("query[NetworkName]=Test Network&sort[SerialNumber]=-1&page[pageSize]=2") == (
            3,
            ["C3", "B2"],
        )
        assert await found("page[pagenum]=2&page[pagesize]=2") == (3, ["C3"])
        assert await found("query[networkname]=Elsewhere") == (0, [])
        assert await found(f"_id={ids['B2']}") == (1, ["B2"])
        assert await found(f"id={ids['B2']}&serial=A1") == (0, [])
        assert await found("query[serial]=b2") == (1, ["B2"])
        assert await found("query[setupName]=sa1") == (1, ["A1"])
        assert await found("_id=nonsense") == (0, [])

    async def test_a_put_without_a_setup_takes_it_away_and_leaves_the_rest(self, admin: AsyncClient) -> None:
        id_ = await create(
            admin, setupId="f" * 24, setupName="Lobby", url="http://x.example/", name="Left", userdata="u"
        )
        changed = result(await admin.put(f"{DEVICES}/?_id={id_}", json={"serial": "ABC124", "description": "New"}))
        assert (changed["setupId"], changed["setupName"], changed["url"]) == (None, None, None)
        assert (changed["serial"], changed["name"], changed["desc"], changed["userData"]) == (
            "ABC124",
            "Left",
            "New",
            "u",
        )
        assert (changed["__v"], changed["updatedAt"] > changed["createdAt"]) == (1, True)
        changed = result(await admin.put(DEVICES, json={"_id": id_, "setupName": "Foyer"}))
        assert (changed["serial"], changed["setupName"]) == ("ABC124", "Foyer")

    async def test_records_are_deleted_in_every_form(self, admin: AsyncClient) -> None:
        ids = [await create(admin, f"S{number}") for number in range(6)]
        result(await admin.delete(f"{DEVICES}/?_id={ids[0]}"))
        result(await admin.delete(f"{DEVICES}?serial=S1"))
        done = result(await admin.delete(f"{DEVICES}/?_ids={ids[2]}&_ids={'0' * 24}"))
        assert (done["deletedCount"], done["deletedIds"], done["failedIds"]) == (1, [ids[2]], ["0" * 24])
        path = quote(json.dumps([ids[3], ids[4]]), safe="")
        assert result(await admin.delete(f"{DEVICES}/ids/{path}"))["deletedCount"] == 2
        assert result(await admin.delete(f"{DEVICES}/ids/{quote(json.dumps(ids[5]), safe='')}"))["deletedIds"] == [
            ids[5]
        ]
        assert result(await admin.get(DEVICES))["total"] == 0

    async def test_many_records_are_deleted_in_small_transactions(self, admin: AsyncClient, services: Services) -> None:
        count = 2 * DELETED_AT_ONCE + 3
        ids = [await create(admin, f"S{number}") for number in range(count)]
        sizes: list[int] = []

        async def write(work: Any) -> Any:
            done = await type(services.store).write(services.store, work)
            sizes.append(len(done))
            return done

        services.store.write = write
        query = "&".join(f"_ids={id_.upper()}" for id_ in reversed(ids))
        done = result(await admin.delete(f"{DEVICES}/?{query}&_ids={ids[0]}"))
        assert sizes == [DELETED_AT_ONCE, DELETED_AT_ONCE, 3]
        assert (done["deletedCount"], sorted(done["deletedIds"]), done["failedIds"]) == (count, sorted(ids), [])
        page = result(await admin.get(DEVICES))
        assert (page["total"], page["players"]) == (0, [])

    async def test_a_serial_has_one_record_over_all_networks(
        self, admin: AsyncClient, call_as: CallAs, sign_in: SignIn
    ) -> None:
        await create(admin)
        assert "abc123" in refusal(await admin.post(DEVICES, json={"serial": "abc123"}), 409)
        created = await admin.post("/Self/Networks/", json={"name": "Second"})
        assert created.status_code == 201
        token = await sign_in("JaneDoe@example.com", network_id=created.json()["id"])
        second = call_as(token)
        assert "ABC123" in refusal(await second.post(DEVICES, json={"serial": "ABC123"}), 409)
        assert result(await second.get(f"{DEVICES}?serial=ABC123"))["players"] == []
        assert refusal(await second.delete(f"{DEVICES}?serial=ABC123"), 404)

    @ON_SQLITE
    @pytest.mark.parametrize(
        ("body", "status", "named"),
        [
            ({}, 400, "'serial'"),
            ({"serial": " "}, 400, "'serial'"),
            ({"serial": 7}, 400, "'serial'"),
            ({"serial": "A", "networkName": "Other"}, 403, "'Other'"),
            ({"serial": "A", "desc": "x" * 5000}, 400, "'description'"),
        ],
    )
    async def test_a_record_without_a_serial_or_of_another_network_is_refused(
        self, admin: AsyncClient, body: dict[str, Any], status: int, named: str
    ) -> None:
        assert named in refusal(await admin.post(DEVICES, json=body), status)


@ON_SQLITE
@pytest.mark.parametrize("url", [DEVICES, SETUPS])
async def test_viewers_and_strangers_are_refused_in_the_envelope(call_as: CallAs, sign_in: SignIn, url: str) -> None:
    assert refusal(await call_as().get(url), 401)
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert refusal(await viewer.get(url), 403)
    assert refusal(await viewer.post(url, json=document()), 403)
