"""PUT and PATCH of /Devices/{device}/."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.store import DEVICE_OF_SERIAL
from signfleet.fleet.groups.store import INSERT_GROUP
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import example, register, store_player

PATCH = {"Content-Type": "application/json-patch+json"}
PLAYER = example("001-05-get-devices-id-int-answer")


@pytest.fixture(autouse=True)
async def player(services: Services, network: Tenant) -> None:
    """The example's device, in the example's group."""

    async def work(tx: Transaction) -> None:
        for id_, name in ((123, "TestGroup"), (124, "Other Group")):
            await tx.execute(
                INSERT_GROUP,
                network_id=network.network_id,
                id=id_,
                name=name,
                name_key=name.lower(),
                name_order=name.lower(),
                description=None,
                creation_date=0,
                last_modified_date=0,
            )

    await services.store.write(work)
    await store_player(services.store, network.network_id, PLAYER)


async def settings(admin: AsyncClient) -> Any:
    return (await admin.get("/Devices/12345/")).json()["settings"]


@pytest.mark.contract("PUT /Devices/{device}/")
@pytest.mark.parametrize("name", ["001-06-put-devices-id-int-request", "001-10-put-devices-serial-request"])
@pytest.mark.parametrize("path", ["12345", "46C89C101839"])
async def test_the_put_examples_change_the_settings_and_nothing_else(name: str, path: str, admin: AsyncClient) -> None:
    body = example(name)
    answer = await admin.put(f"/Devices/{path}/", json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    after = (await admin.get("/Devices/12345/")).json()
    expected = body["settings"] | {"lastModifiedDate": after["lastModifiedDate"], "setupType": "BSN"}
    assert after["settings"] == expected
    same = ("id", "serial", "model", "family", "registrationDate", "status", "subscription", "tags", "permissions")
    assert {key: after[key] for key in same} == {key: PLAYER[key] for key in same}


@pytest.mark.contract("PATCH /Devices/{device}/")
@pytest.mark.parametrize("name", ["001-07-patch-devices-id-int-request", "001-11-patch-devices-serial-request"])
async def test_the_patch_examples_replace_one_value(name: str, admin: AsyncClient) -> None:
    body = example(name)
    answer = await admin.patch("/Devices/12345/", content=json.dumps(body), headers=PATCH)
    assert answer.status_code == 204
    after = await settings(admin)
    assert after["description"] == body[0]["value"]
    assert after | {"description": 0, "lastModifiedDate": 0} == PLAYER["settings"] | {
        "description": 0,
        "lastModifiedDate": 0,
    }


@pytest.mark.contract("PUT /Devices/{device}/")
@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({}, {}),
        ({"settings": {}}, {}),
        ({"settings": {"description": None}}, {"description": None}),
        ({"settings": {"screen": {"idleColor": "FF000000"}}}, {"screen": {"idleColor": "FF000000", "splashUrl": None}}),
        ({"settings": {"setupType": "LFN", "unknown": 1}, "targetGroup": {"id": 7}, "id": 9}, {}),
    ],
)
async def test_what_a_put_leaves_out_stays(body: Any, changed: Any, admin: AsyncClient) -> None:
    assert (await admin.put("/Devices/12345/", json=body)).status_code == 204
    after = await settings(admin)
    assert after | {"lastModifiedDate": 0} == PLAYER["settings"] | changed | {"lastModifiedDate": 0}


@pytest.mark.contract("PATCH /Devices/{device}/")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/settings/name", "Lobby"),
        ("/SETTINGS/Name/", "Lobby"),
        ("/settings/network/proxyBypass", ["a.example", "b.example"]),
        ("/settings/network/interfaces/0/ip/1", "10.0.0.1/8"),
        ("/settings/lws/", None),
        ("/settings/screenshots/quality/", 80),
        ("/settings/logging/", {"uploadAtBoot": True}),
    ],
)
async def test_patch_reaches_every_value(path: str, value: Any, admin: AsyncClient) -> None:
    change = [{"op": "replace", "path": path, "value": value}]
    assert (await admin.patch("/Devices/12345/", json=change)).status_code == 204
    found = await settings(admin)
    for segment in path.strip("/").split("/")[1:]:
        if isinstance(found, list):
            found = found[int(segment)]
        else:
            found = next(item for name, item in found.items() if name.lower() == segment.lower())
    assert (value.items() <= found.items()) if isinstance(value, dict) else found == value


@pytest.mark.contract("PATCH /Devices/{device}/")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"op": "add", "path": "/settings/name", "value": "x"}, "'[1].op'"),
        ({"op": "replace", "path": "/settings/name"}, "value"),
        ({"op": "replace", "path": "/settings/nothing", "value": 1}, "/settings/nothing"),
        ({"op": "replace", "path": "/serial", "value": "X"}, "'/serial' cannot be changed by PATCH"),
        ({"op": "replace", "path": "/Tags", "value": {}}, "POST or DELETE /Devices/{device}/Tags/ changes it"),
        ({"op": "replace", "path": "/status/health", "value": "Normal"}, "cannot be changed by PATCH; a report"),
        ({"op": "replace", "path": "/settings/synchronization/status/period", "value": "5"}, "Expected a time span"),
        ({"op": "replace", "path": "/settings/screen/idleColor", "value": "red"}, "Expected a colour of 8 hexadecimal"),
        ({"op": "replace", "path": "/settings/setupType/", "value": "LFN"}, "/settings/setupType/"),
        ({"op": "replace", "path": "/settings", "value": 7}, "/settings"),
        ({"op": "replace", "path": "/settings", "value": {}}, "'settings'"),
        ({"op": "replace", "path": "/settings/network/interfaces/0/proto", "value": "X"}, "`proto`: Unsupported value"),
        ({"op": "replace", "path": "/settings/screenshots/orientation", "value": "X"}, "known are Landscape, Portrait"),
        ({"op": "replace", "path": "/settings/name", "value": 7}, "'settings.name'"),
        ({"op": "replace", "path": "/settings/name", "value": "x" * 129}, "'settings.name'"),
        ({"op": "replace", "path": "/settings/screen/idleColor", "value": "red"}, "'settings.screen.idleColor'"),
        ({"op": "replace", "path": "/settings/screen/idleColor", "value": "FF000000\n"}, "'settings.screen.idleColor'"),
        ({"op": "replace", "path": "/settings/synchronization/status/period", "value": "often"}, "period"),
        ({"op": "replace", "path": "/settings/screenshots/quality", "value": 101}, "'settings.screenshots.quality'"),
        (
            {"op": "replace", "path": "/settings/network/timeServers", "value": ["a"] * 17},
            "'settings.network.timeServers'",
        ),
        ({"op": "replace", "path": "/settings/network/interfaces/0/dns", "value": ["a"] * 33}, "interfaces[0].dns"),
        ({"op": "replace", "path": "/settings/group", "value": None}, "settings.group"),
        ({"op": "replace", "path": "/settings/group/id", "value": 999}, "999"),
        ({"op": "replace", "path": "/settings/location/gpsLatitude", "value": 91}, "'settings.location.gpsLatitude'"),
        ({"op": "replace", "path": "/settings/network/interfaces/9/ip", "value": None}, "9"),
    ],
)
async def test_one_bad_change_refuses_them_all(change: Any, message: str, admin: AsyncClient) -> None:
    before = (await admin.get("/Devices/12345/")).content
    answer = await admin.patch(
        "/Devices/12345/", json=[{"op": "replace", "path": "/settings/description", "value": "new"}, change]
    )
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert (await admin.get("/Devices/12345/")).content == before


@pytest.mark.contract("PUT /Devices/{device}/")
@pytest.mark.parametrize(
    ("group", "name"),
    [
        ({"id": 124}, "Other Group"),
        ({"id": 124, "name": "TestGroup"}, "Other Group"),
        ({"name": "other group"}, "Other Group"),
        ({"id": 0, "name": "Other Group"}, "Other Group"),
        ({"id": 123, "name": "Other Group"}, "Other Group"),
        ({"id": 123}, "TestGroup"),
        ({"name": "testgroup"}, "TestGroup"),
    ],
)
async def test_another_group_moves_the_player(group: Any, name: str, admin: AsyncClient) -> None:
    assert (await admin.put("/Devices/12345/", json={"settings": {"group": group}})).status_code == 204
    assert (await settings(admin))["group"]["name"] == name
    assert (await admin.get(f"/Devices/Count/?filter=[Settings].[Group].[Name] IS '{name}'")).json() == 1


@pytest.mark.contract("PUT /Devices/{device}/")
@pytest.mark.parametrize("text", ["C:\\u0000", '"\\\\"', "\ufffe\U0010ffff", "\x01\x7f", "{}%s$1", "'; --"])
async def test_text_is_stored_unchanged(text: str, admin: AsyncClient) -> None:
    assert (await admin.put("/Devices/12345/", json={"settings": {"description": text}})).status_code == 204
    assert (await settings(admin))["description"] == text
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    filter_ = {"filter": f"[Settings].[Description] IS '{quoted}'"}
    assert (await admin.get("/Devices/Count/", params=filter_)).json() == 1


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_time_spans_are_answered_in_one_form(admin: AsyncClient) -> None:
    synchronization = {"status": {"period": "00:10"}, "content": {"start": "22:00", "end": "0.23:30:00"}}
    more = {"logging": {"uploadTime": "03:00:00.0"}, "screenshots": {"interval": "01:00"}}
    body = {"settings": {"synchronization": synchronization, **more}}
    assert (await admin.put("/Devices/12345/", json=body)).status_code == 204
    after = await settings(admin)
    assert after["synchronization"]["status"] == {"period": "00:10:00"}
    assert after["synchronization"]["content"] == {"start": "22:00:00", "end": "23:30:00"}
    assert (after["logging"]["uploadTime"], after["screenshots"]["interval"]) == ("03:00:00", "01:00:00")


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_filters_find_what_was_changed(admin: AsyncClient) -> None:
    body = {"settings": {"name": "Foyer", "description": "By the door", "timezone": "CET", "lws": None}}
    await admin.put("/Devices/12345/", json=body)
    for filter_, count in (
        ("[Settings].[Name] IS 'foyer'", 1),
        ("[Settings].[Description] CONTAINS 'DOOR'", 1),
        ("[Settings].[Timezone] IS 'PST'", 0),
        ("[Settings].[Lws] IS NULL", 1),
        ("[Settings].[Lws].[EnableUpdateNotifications] IS 'TRUE'", 0),
        ("[Status].[Firmware].[Version] IS '8.5.35'", 1),
    ):
        assert (await admin.get("/Devices/Count/", params={"filter": filter_})).json() == count, filter_


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_new_coordinates_name_the_new_place(admin: AsyncClient) -> None:
    await admin.put(
        "/Devices/12345/", json={"settings": {"location": {"gpsLatitude": 52.5219, "gpsLongitude": 13.4132}}}
    )
    location = (await settings(admin))["location"]
    assert (location["country"], location["countryLongName"]) == ("DE", "Germany")
    assert location["path"].startswith("/DE/")


@pytest.mark.contract("PUT /Devices/{device}/")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_change_with_a_stale_precondition_is_412(method: str, admin: AsyncClient) -> None:
    seen = await admin.get("/Devices/12345/")
    await admin.put("/Devices/12345/", json={"settings": {"description": "first"}})
    body: Any = {"settings": {"description": "second"}}
    if method == "PATCH":
        body = [{"op": "replace", "path": "/settings/description", "value": "second"}]
    for header, value in (
        ("If-Unmodified-Since", seen.headers["last-modified"]),
        ("If-Match", seen.headers["etag"]),
    ):
        answer = await admin.request(method, "/Devices/12345/", json=body, headers={header: value})
        assert answer.status_code == 412, header
    assert (await settings(admin))["description"] == "first"
    fresh = (await admin.get("/Devices/12345/")).headers["etag"]
    assert (await admin.request(method, "/Devices/12345/", json=body, headers={"If-Match": fresh})).status_code == 204


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_a_report_alone_never_refuses_a_change(admin: AsyncClient, call_as: CallAs, setup_token: str) -> None:
    body = {"serial": "R1", "model": "HD1024", "firmware": "9"}
    registered = await call_as(setup_token).post(f"{ROOT}/player/v1/register", json=body)
    player = call_as(registered.json()["access_token"])
    for number, (sent, got) in enumerate((("If-Unmodified-Since", "last-modified"), ("If-Match", "etag")), 1):
        seen = (await admin.get("/Devices/R1/")).headers
        report = {"sequence": number, "status": {"firmware": {"version": f"9.{number}"}}}
        assert (await player.post(f"{ROOT}/player/v1/report", json=report)).status_code == 200
        changed = await admin.get("/Devices/R1/", headers={"If-None-Match": seen["etag"]})
        assert (changed.status_code, changed.json()["status"]["firmware"]) == (200, report["status"]["firmware"])
        body = {"settings": {"description": sent}}
        assert (await admin.put("/Devices/R1/", json=body, headers={sent: seen[got]})).status_code == 204


@pytest.mark.contract("PUT /Devices/{device}/")
@pytest.mark.parametrize("header", [("If-Unmodified-Since", "last-modified"), ("If-Match", "etag")])
async def test_one_of_many_writers_with_one_entity_tag_wins(header: tuple[str, str], admin: AsyncClient) -> None:
    sent, got = header
    for attempt in range(3):
        seen = {sent: (await admin.get("/Devices/12345/")).headers[got]}
        answers = await asyncio.gather(
            *(
                admin.put("/Devices/12345/", json={"settings": {"description": f"{attempt}-{number}"}}, headers=seen)
                for number in range(6)
            )
        )
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [204, 412, 412, 412, 412, 412]
        winner = next(number for number, answer in enumerate(answers) if answer.status_code == 204)
        assert (await settings(admin))["description"] == f"{attempt}-{winner}"


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_concurrent_changes_of_different_properties_all_apply(admin: AsyncClient) -> None:
    parts = [{"name": "Lobby"}, {"description": "By the door"}, {"timezone": "CET"}, {"lws": None}]
    await asyncio.gather(*(admin.put("/Devices/12345/", json={"settings": part}) for part in parts))
    after = await settings(admin)
    assert all(part.items() <= after.items() for part in parts)


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_a_put_that_changes_nothing_leaves_the_dates_alone(admin: AsyncClient) -> None:
    before = await admin.get("/Devices/12345/")
    assert (await admin.put("/Devices/12345/", json=before.json())).status_code == 204
    after = await admin.get("/Devices/12345/")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_every_change_moves_the_dates_forward(admin: AsyncClient) -> None:
    dates = []
    for number in range(3):
        await admin.put("/Devices/12345/", json={"settings": {"description": str(number)}})
        answer = await admin.get("/Devices/12345/")
        dates.append((answer.json()["lastModifiedDate"], answer.headers["last-modified"]))
    assert all(earlier != later for earlier, later in itertools.pairwise(dates))
    assert (await settings(admin))["lastModifiedDate"] == dates[-1][0]


@pytest.mark.contract("PUT /Devices/{device}/")
async def test_a_role_that_may_not_update_gets_403(call_as: CallAs, sign_in: SignIn) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert (await viewer.put("/Devices/12345/", json={"settings": {"name": "x"}})).status_code == 403
    assert (await viewer.delete("/Devices/12345/")).status_code == 403


@pytest.mark.contract("DELETE /Devices/{device}/")
async def test_a_deleted_device_is_gone(admin: AsyncClient) -> None:
    seen = (await admin.get("/Devices/12345/")).headers["last-modified"]
    answer = await admin.delete("/Devices/12345/", headers={"If-Unmodified-Since": seen})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await admin.get("/Devices/12345/")).status_code == 404
    assert (await admin.delete("/Devices/12345/")).status_code == 404
    assert (await admin.get("/Devices/")).json()["totalItemCount"] == 0


@pytest.mark.contract("DELETE /Devices/{device}/")
async def test_a_delete_with_a_stale_precondition_is_412(admin: AsyncClient) -> None:
    stale = {"If-Unmodified-Since": "Wed, 13 Mar 2024 15:51:01 GMT"}
    assert (await admin.delete("/Devices/12345/", headers=stale)).status_code == 412
    assert (await admin.get("/Devices/12345/")).status_code == 200


@pytest.mark.contract("DELETE /Devices/")
async def test_all_that_match_go_and_are_counted(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await register(services.store, network.network_id, [f"X{number}" for number in range(5)], model="XD1034")
    await register(services.store, 4711, ["ELSEWHERE"], model="XD1034")
    answer = await admin.delete("/Devices/?filter=%5BModel%5D%20IS%20%27XD1034%27")
    assert (answer.status_code, answer.content) == (200, b"5")
    assert (await admin.get("/Devices/Count/")).json() == 1
    assert await services.store.one(DEVICE_OF_SERIAL, serial_key="elsewhere") is not None


@pytest.mark.contract("DELETE /Devices/")
@pytest.mark.parametrize("path", ["/Devices/", "/Devices/?filter=", "/Devices/?filter=[Nope] IS 1"])
async def test_without_a_good_filter_nothing_is_deleted(path: str, admin: AsyncClient) -> None:
    answer = await admin.delete(path)
    assert answer.status_code == 400
    assert (await admin.get("/Devices/Count/")).json() == 1


@pytest.mark.contract("PATCH /Devices/{device}/")
async def test_words_of_flags_are_known_ones_in_the_contracts_spelling(admin: AsyncClient) -> None:
    async def set_proto(value: str) -> Any:
        patch = [{"op": "replace", "path": "/settings/network/interfaces/0/proto/", "value": value}]
        return await admin.patch("/Devices/12345/", content=json.dumps(patch), headers=PATCH)

    assert (await set_proto("ndp,dhcpV6")).status_code == 204
    assert (await settings(admin))["network"]["interfaces"][0]["proto"] == "NDP, DHCPv6"
    answer = await set_proto("Static, Pigeon")
    assert answer.status_code == 400
    assert "Unsupported value 'Pigeon'" in answer.json()["message"]
    assert (await settings(admin))["network"]["interfaces"][0]["proto"] == "NDP, DHCPv6"


async def test_a_body_of_another_device_is_refused(admin: AsyncClient, services: Services, network: Tenant) -> None:
    first, second = await register(services.store, network.network_id, ["ID1", "ID2"])
    changed = {"settings": {"description": "changed"}}
    for path in ("/Devices/ID1/", f"/Devices/{first}/"):
        for wrong, names in (({"id": second}, (str(first), str(second))), ({"serial": "ID2"}, ("ID1", "ID2"))):
            answer = await admin.put(path, json=wrong | changed)
            assert answer.status_code == 400
            assert all(f"{name}" in answer.json()["message"] for name in names)
        for right in ({"id": first, "serial": "id1"}, {"id": 0, "serial": ""}, {"id": 0, "serial": "ID1"}):
            assert (await admin.put(path, json=right | changed)).status_code == 204


async def test_a_group_is_named_by_one_change_or_by_both_alike(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    """Clients change one of id and name and leave the other as they read it; two changes have to mean one group."""
    await register(services.store, network.network_id, ["ID1"])
    a, b = [(await admin.post("/Groups/Regular/", json={"name": name})).json()["id"] for name in ("Ga", "Gb")]
    wrong = await admin.put("/Devices/ID1/", json={"settings": {"group": {"id": a, "name": "Gb"}}})
    assert wrong.status_code == 400
    assert "settings.group" in wrong.json()["message"]
    for right in ({"id": a, "name": "ga"}, {"id": b, "name": "Ga"}, {"id": b, "name": "Ga"}):
        assert (await admin.put("/Devices/ID1/", json={"settings": {"group": right}})).status_code == 204
