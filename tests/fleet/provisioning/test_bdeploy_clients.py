"""B-Deploy as public clients that no registry offers call it: their requests as they are on the wire."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from tests.conftest import ON_SQLITE, ROOT
from tests.fleet.provisioning.test_bdeploy import NETWORK, document, refusal, result

DEVICE, SETUP = f"{ROOT}/rest-device/v2/device", f"{ROOT}/rest-setup/v3/setup"
OLDER_SETUP = f"{ROOT}/rest-setup/v2/setup"
OWNER = "JaneDoe@example.com"
NAMED = quote(NETWORK)

pytestmark = [ON_SQLITE, pytest.mark.contract("B-Deploy")]


async def send(client: AsyncClient, method: str, url: str, body: Any = None, status: int = 200) -> Any:
    """Sends a request with the headers that most of them send, a body or none; returns the result."""
    content = None if body is None else json.dumps(body)
    headers = {"Content-Type": "application/json", "Accept": "application/json, application/vnd.bsn.error+json"}
    return result(await client.request(method, url, content=content, headers=headers), status)


async def test_the_go_sdk_creates_associates_and_forgets(admin: AsyncClient) -> None:
    sent = document("retail-v1", bsnDeviceRegistrationTokenEntity={"token": "t", "scope": "cert"}, timeZone="PST")
    setup = await send(admin, "POST", SETUP, sent, 201)
    (row,) = await send(admin, "GET", f"{SETUP}/?networkName={NAMED}&packageName=retail-v1&username={OWNER}")
    assert row["_id"] == setup
    (found,) = await send(admin, "GET", f"{SETUP}/?_id={setup}")
    assert found.items() >= sent.items()
    changed = await send(admin, "PUT", f"{SETUP}/", sent | {"_id": setup, "setupType": "bsn"})
    assert (changed["_id"], changed["setupType"]) == (setup, "bsn")

    bare = {"username": OWNER, "serial": "UTD416000978", "NetworkName": NETWORK}
    record = await send(admin, "POST", f"{DEVICE}/", bare, 201)
    page = await send(admin, "GET", f"{DEVICE}/?NetworkName={NAMED}&serial=UTD416000978")
    assert (page["total"], page["matched"], page["players"][0]["NetworkName"]) == (1, 1, NETWORK)
    associated = {"_id": record, "setupId": setup, "model": "HD1024", "desc": "Main entrance", **bare}
    await send(admin, "PUT", f"{DEVICE}/?_id={record}", associated)
    assert (await send(admin, "GET", f"{DEVICE}/?_id={record}"))["players"][0]["setupId"] == setup
    await send(admin, "PUT", f"{DEVICE}/?_id={record}", {"_id": record, **bare})
    (left,) = (await send(admin, "GET", f"{DEVICE}/?_id={record}"))["players"]
    assert (left["setupId"], left["model"], left["desc"]) == (None, "HD1024", "Main entrance")
    await send(admin, "DELETE", f"{DEVICE}/?_id={record}")
    await send(admin, "DELETE", f"{SETUP}/?_id={setup}")


async def test_the_express_demo_lists_by_network_and_shows_why_a_serial_is_refused(admin: AsyncClient) -> None:
    setup = await send(admin, "POST", SETUP, document(), 201)
    body = {"username": OWNER, "serial": "D1", "networkName": NETWORK, "setupId": setup, "setupName": "Lobby"}
    record = await send(admin, "POST", f"{DEVICE}/", body, 201)
    query = f"query[networkname]={NAMED}&sort[serial]=1&page[pagenum]=1&page[pagesize]=100"
    page = await send(admin, "GET", f"{DEVICE}/?{query}")
    assert [player["serial"] for player in page["players"]] == ["D1"]
    assert "D1" in refusal(await admin.post(f"{DEVICE}/", json=body), 409)
    assert (await send(admin, "PUT", f"{DEVICE}/", {"_id": record, **body, "name": "Hall"}))["name"] == "Hall"
    (row,) = await send(admin, "GET", f"{SETUP}/?networkname={NAMED}")
    assert json.loads(row["setupJson"]) == document()
    assert (await admin.get(f"{SETUP}/{setup}")).json() == {"_id": setup, **document()}
    await send(admin, "DELETE", f"{SETUP}/{setup}")
    await send(admin, "DELETE", f"{DEVICE}/?_id={record}")


async def test_powershell_names_no_network_and_deletes_by_the_path(admin: AsyncClient) -> None:
    deploy = {"username": "8f1c-client", "NetworkName": NETWORK, "packageName": "Kiosk", "client": "bacon"}
    setup = await send(admin, "POST", f"{SETUP}/", {"version": "3.0.0", "bDeploy": deploy}, 201)
    assert [row["_id"] for row in await send(admin, "GET", f"{SETUP}/")] == [setup]
    assert (await admin.get(f"{SETUP}/{setup}/")).json()["bDeploy"] == deploy
    body = {"username": "8f1c-client", "networkName": NETWORK, "setupId": setup, "setupName": "Kiosk"}
    ids = [await send(admin, "POST", DEVICE, {"serial": f"W{number}", **body}, 201) for number in range(3)]
    assert (await send(admin, "GET", f"{DEVICE}?id={ids[0]}"))["matched"] == 1
    assert (await send(admin, "GET", f"{DEVICE}?query[NetworkName]={NAMED}"))["matched"] == 3
    changed = await send(admin, "PUT", f"{DEVICE}?id={ids[0]}", {"serial": "W0", **body, "desc": "Left"})
    assert (changed["_id"], changed["desc"]) == (ids[0], "Left")
    one = await send(admin, "DELETE", f"{DEVICE}/ids/{quote(json.dumps(ids[0]), safe='')}")
    two = await send(admin, "DELETE", f"{DEVICE}/ids/{quote(json.dumps(ids[1:]), safe='')}")
    assert (one["deletedIds"], two["deletedCount"], two["failedIds"]) == (ids[:1], 2, [])


async def test_the_javascript_sdk_uses_version_2_of_setups(admin: AsyncClient) -> None:
    setup = await send(admin, "POST", OLDER_SETUP, document("Kiosk", version="2.0.0"), 201)
    page = "page%5Bpagenum%5D=1&page%5Bpagesize%5D=25"
    (row,) = await send(admin, "GET", f"{OLDER_SETUP}?{page}&query%5BnetworkName%5D={NAMED}")
    stored = json.loads(row["setupJson"])
    changed = {"_id": setup, **stored, "setupType": "lfn"}
    assert await send(admin, "PUT", OLDER_SETUP, changed) == changed

    body = {"serial": "K1", "setupId": setup, "setupName": "Kiosk", "NetworkName": NETWORK, "username": OWNER}
    record = await send(admin, "POST", DEVICE, body, 201)
    found = await send(admin, "GET", f"{DEVICE}?query%5BNetworkName%5D={NAMED}&query%5Bserial%5D=K1")
    assert found["players"][0]["_id"] == record
    assert await send(admin, "PUT", DEVICE, {"_id": record, **body, "name": "Bar"})
    assert await send(admin, "GET", f"{ROOT}/rest-device/v2/count-setups/{setup}") == 1
    applications = await send(admin, "GET", f"{ROOT}/rest-device/v2/application")
    assert applications["PartnerApplicationFile"] == []
    await send(admin, "DELETE", f"{DEVICE}?query.username={OWNER}&_id={record}")
    elsewhere = f"{OLDER_SETUP}?query.username={OWNER}&query.networkName=Elsewhere&_id={setup}"
    assert "'Elsewhere'" in refusal(await admin.delete(elsewhere), 403)
    await send(admin, "DELETE", f"{OLDER_SETUP}?query.username={OWNER}&query.networkName={NAMED}&_id={setup}")
    assert await send(admin, "GET", OLDER_SETUP) == []


async def test_records_count_for_a_setup_by_its_name_too(admin: AsyncClient) -> None:
    setup = await send(admin, "POST", SETUP, document("Kiosk"), 201)
    other = await send(admin, "POST", SETUP, document("Hall"), 201)
    for serial, of_setup in (("A", {"setupId": setup}), ("B", {"setupName": "kiosk"}), ("C", {"setupId": other})):
        await send(admin, "POST", DEVICE, {"serial": serial, **of_setup}, 201)
    counts = [await send(admin, "GET", f"{ROOT}/rest-device/v2/count-setups/{id_}") for id_ in (setup, other, "0" * 24)]
    assert counts == [2, 1, 0]
    await send(admin, "DELETE", f"{SETUP}/{other}")
    assert await send(admin, "GET", f"{ROOT}/rest-device/v2/count-setups/{other}") == 1


async def test_numbers_of_any_size_come_back(admin: AsyncClient) -> None:
    numbers = {"large": 123456789012345678901234567890, "small": 1e-300, "whole": 1.0}
    setup = await send(admin, "POST", SETUP, document(numbers=numbers), 201)
    assert (await admin.get(f"{SETUP}/{setup}")).json()["numbers"] == numbers
    beyond = json.dumps(document(number=7)).replace(": 7}", ": 1e400}")
    assert "one JSON object" in refusal(await admin.post(SETUP, content=beyond), 400)
