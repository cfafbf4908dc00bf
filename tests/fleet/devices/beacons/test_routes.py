"""GET, POST and DELETE of /Devices/{device}/Beacons/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from tests.fleet.devices.stored import register

IBEACON = {"name": "Entrance", "mode": "iBeacon", "power": -59, "major": 1, "minor": 65535, "uuid": "2F234454"}
UID = {
    "name": "Hall",
    "mode": "EddystoneUid",
    "power": -20,
    "namespaceId": "AAECAwQFBgcICQ==",
    "instanceId": "AAECAwQF",
}
URL = {"name": "Café/1", "mode": "EddystoneUrl", "power": 0, "url": "https://example.com/menu"}


@pytest.fixture(autouse=True)
async def device(services: Services, network: Tenant) -> int:
    [id_] = await register(services.store, network.network_id, ["A1"])
    return id_


@pytest.mark.contract(
    "POST /Devices/{device}/Beacons/", "GET /Devices/{device}/Beacons/", "GET /Devices/{device}/Beacons/{name}/"
)
async def test_each_mode_has_its_own_properties(admin: AsyncClient, device: int) -> None:
    for beacon in (IBEACON, UID, URL):
        answer = await admin.post("/Devices/A1/Beacons/", json=beacon)
        assert (answer.status_code, answer.json()) == (201, beacon)
        found = await admin.get(answer.headers["location"])
        assert list(found.json().items()) == list(beacon.items())
    assert (await admin.get(f"/Devices/{device}/Beacons/")).json() == [IBEACON, UID, URL]
    assert (await admin.get("/Devices/A1/")).json()["settings"]["beacons"] == [IBEACON, UID, URL]
    assert (await admin.get("/Devices/A1/Beacons/ENTRANCE/")).json() == IBEACON
    assert (await admin.get("/Devices/A1/Beacons/nobody/")).status_code == 404


@pytest.mark.contract("POST /Devices/{device}/Beacons/")
async def test_what_belongs_to_another_mode_is_dropped(admin: AsyncClient) -> None:
    unused = {"major": None, "minor": None, "uuid": None, "namespaceId": None, "instanceId": None, "id": 0}
    assert (await admin.post("/Devices/A1/Beacons/", json=unused | URL)).json() == URL


@pytest.mark.contract("POST /Devices/{device}/Beacons/")
@pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)
async def test_a_bad_beacon_is_refused(admin: AsyncClient) -> None:
    await admin.post("/Devices/A1/Beacons/", json=IBEACON)
    refused: list[tuple[dict[str, Any], str]] = [
        (IBEACON, "already"),
        (URL | {"name": "ENTRANCE"}, "already"),
        (URL | {"name": ""}, "'name'"),
        (URL | {"name": "x" * 256}, "'name'"),
        (URL | {"mode": "AltBeacon"}, "'mode'"),
        (URL | {"power": 40000}, "'power'"),
        (URL | {"url": "menu"}, "'url'"),
        (URL | {"url": None}, "needs url"),
        ({"name": "x", "mode": "iBeacon", "major": 1, "minor": 1}, "needs major and minor and uuid"),
        (IBEACON | {"name": "x", "major": 65536}, "'major'"),
        (URL | {"url": "https://a.example/\n"}, "'url'"),
        (URL | {"url": "https://a.example/\tb"}, "'url'"),
        (IBEACON | {"name": "x", "uuid": "2F23445"}, "'uuid'"),
        (IBEACON | {"name": "x", "uuid": "2F23\n"}, "'uuid'"),
        (UID | {"name": "x", "instanceId": "AAECAwQF\n"}, "'instanceId'"),
        (IBEACON | {"name": "x", "uuid": "2F234454-CF6D-4A0F-ADF2"}, "'uuid'"),
        (UID | {"name": "x", "namespaceId": "AAECAwQFBgcICQo="}, "'namespaceId'"),
        (UID | {"name": "x", "instanceId": "AAEC"}, "'instanceId'"),
        ({"mode": "iBeacon"}, "name"),
    ]
    for beacon, message in refused:
        answer = await admin.post("/Devices/A1/Beacons/", json=beacon)
        assert (answer.status_code, message in answer.json()["message"]) == (400, True), answer.text
    assert (await admin.get("/Devices/A1/Beacons/")).json() == [IBEACON]


@pytest.mark.contract("DELETE /Devices/{device}/Beacons/{name}/")
async def test_a_deleted_beacon_is_gone(admin: AsyncClient) -> None:
    for beacon in (IBEACON, URL):
        await admin.post("/Devices/A1/Beacons/", json=beacon)
    assert (await admin.delete("/Devices/A1/Beacons/caf%C3%89%2F1/")).status_code == 204
    assert (await admin.delete("/Devices/A1/Beacons/Caf%C3%89%2F1/")).status_code == 404
    assert (await admin.get("/Devices/A1/Beacons/")).json() == [IBEACON]


@pytest.mark.contract("POST /Devices/{device}/Beacons/")
async def test_settings_hold_beacons_to_the_same_rules(admin: AsyncClient) -> None:
    for beacons, message in (
        ([IBEACON, URL | {"name": "entrance"}], "Two beacons are named `entrance`"),
        ([IBEACON, {"name": "x", "mode": "EddystoneUrl"}], "'settings.beacons[1]'"),
    ):
        answer = await admin.put("/Devices/A1/", json={"settings": {"beacons": beacons}})
        assert (answer.status_code, message in answer.json()["message"]) == (400, True), answer.text
    assert (await admin.put("/Devices/A1/", json={"settings": {"beacons": [UID, URL]}})).status_code == 204
    assert (await admin.get("/Devices/A1/Beacons/")).json() == [UID, URL]
