"""Permissions omit users and entities that their reader does not see."""

from __future__ import annotations

from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import (
    EDIT_USER_PERMISSIONS,
    VIEW_DEVICE,
    VIEW_SCREENSHOTS,
    VIEW_USER,
)
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import Rule, put

UMA, VERA = "uma@example.com", "vera@example.com"


async def user_id(admin: AsyncClient, login: str) -> int:
    return int((await admin.get(f"/Users/{login}/")).json()["id"])


async def test_logins_are_shown_only_to_callers_who_see_their_users(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    (device, _) = await register(services.store, network.network_id, ["A1", "A2"])
    vera = call_as(await sign_in(VERA, role=VIEWERS))
    await sign_in(UMA, role=VIEWERS)
    uma, me = await user_id(admin, UMA), await user_id(admin, VERA)
    on_device = [
        {"operationUID": VIEW_SCREENSHOTS.uid, "principal": {"type": "User", "id": id_}, "isAllowed": True}
        for id_ in (uma, me)
    ]
    assert (await admin.post("/Devices/A1/Permissions/", json=on_device)).status_code == 204
    in_general = [{"operationUID": VIEW_SCREENSHOTS.uid, "principal": {"type": "User", "id": uma}, "isAllowed": True}]
    assert (await admin.post(f"/Users/{uma}/Permissions/", json=in_general)).status_code == 204
    paths = (
        "/Devices/",
        "/Devices/A1/",
        f"/Devices/{device}/Permissions/",
        "/Devices/Operations/",
        "/Operations/Root/",
    )
    for path in paths:
        whole, shown = await admin.get(path), await vera.get(path)
        assert (whole.status_code, shown.status_code) == (200, 200)
        assert UMA in whole.text, path
        assert UMA not in shown.text, path
        assert (VERA in shown.text) == ("Operations" not in path), path
        assert len(shown.json()) == len(whole.json()) - path.endswith("Permissions/"), path
    items = (await vera.get("/Devices/")).json()["items"]
    assert items == [(await vera.get(f"/Devices/{item['serial']}/")).json() for item in items]


async def test_a_user_shows_no_permissions_on_hidden_devices(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    hidden, seen = await register(services.store, network.network_id, ["A1", "A2"])
    ben = call_as(await sign_in("ben@example.com", role=ADMINISTRATORS))
    await sign_in(UMA, role=VIEWERS)
    uma, me = await user_id(admin, UMA), await user_id(admin, "ben@example.com")
    rules = [Rule(VIEW_SCREENSHOTS, "User", uma, device) for device in (hidden, seen)]
    await put(services.store, network.network_id, [*rules, Rule(VIEW_DEVICE, "User", me, hidden, is_allowed=False)])
    for path in ("/Users/", f"/Users/{uma}/", f"/Users/{uma}/Permissions/"):
        assert f'"entityId":{hidden},"operationUID":"{VIEW_SCREENSHOTS.uid}"' in (await admin.get(path)).text
        shown = (await ben.get(path)).text
        assert f'"entityId":{seen},"operationUID":"{VIEW_SCREENSHOTS.uid}"' in shown
        assert f'"entityId":{hidden},"operationUID":"{VIEW_SCREENSHOTS.uid}"' not in shown
    explain = f"{ROOT}/admin/v1/permissions/explain/"
    query = {"user": str(uma), "operation": VIEW_SCREENSHOTS.uid, "device": "A1"}
    assert (await ben.get(explain, params=query)).status_code == 404
    assert (await admin.get(explain, params=query)).status_code == 200
    nosy = [Rule(EDIT_USER_PERMISSIONS, "User", me), Rule(VIEW_USER, "User", me, uma, is_allowed=False)]
    await put(services.store, network.network_id, nosy)
    assert (await ben.get(explain, params=query)).status_code == 404


async def test_people_do_not_see_their_own_permissions_on_hidden_devices(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    """With any chosen network and without one."""
    hidden, seen = await register(services.store, network.network_id, ["A1", "A2"])
    clients = [call_as(await sign_in(UMA, role=VIEWERS, choose=choose)) for choose in (True, False)]
    uma = await user_id(admin, UMA)
    rules = [Rule(VIEW_SCREENSHOTS, "User", uma, device) for device in (hidden, seen)]
    await put(services.store, network.network_id, [*rules, Rule(VIEW_DEVICE, "User", uma, hidden, is_allowed=False)])
    for client in clients:
        for path in ("/Self/Users/", f"/Self/Users/{uma}/", f"/Self/Users/{uma}/Permissions/"):
            text = (await client.get(path)).text
            assert f'"entityId":{seen},' in text, path
            assert f'"entityId":{hidden},"operationUID":"{VIEW_SCREENSHOTS.uid}"' not in text, path
            assert VIEW_DEVICE.uid not in text, path


async def test_a_user_with_hidden_permissions_has_no_date(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    (hidden,) = await register(services.store, network.network_id, ["A1"])
    ben = call_as(await sign_in("ben@example.com", role=ADMINISTRATORS))
    await sign_in(UMA, role=VIEWERS)
    uma, me = await user_id(admin, UMA), await user_id(admin, "ben@example.com")
    denied = Rule(VIEW_DEVICE, "User", me, hidden, is_allowed=False)
    assert "Last-Modified" in (await ben.get(f"/Users/{uma}/")).headers
    await put(services.store, network.network_id, [Rule(VIEW_SCREENSHOTS, "User", uma, hidden), denied])
    before = await ben.get(f"/Users/{uma}/")
    assert "Last-Modified" not in before.headers
    await put(services.store, network.network_id, [Rule(VIEW_SCREENSHOTS, "User", uma, hidden)])
    after = await ben.get(f"/Users/{uma}/", headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, len(after.json()["permissions"])) == (200, len(before.json()["permissions"]) + 1)


async def test_a_device_is_read_again_when_users_become_visible_or_hidden(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await register(services.store, network.network_id, ["A1"])
    vera = call_as(await sign_in(VERA, role=VIEWERS))
    await sign_in(UMA, role=VIEWERS)
    uma, me = await user_id(admin, UMA), await user_id(admin, VERA)
    on_device = {"operationUID": VIEW_SCREENSHOTS.uid, "principal": {"type": "User", "id": uma}, "isAllowed": True}
    assert (await admin.post("/Devices/A1/Permissions/", json=[on_device])).status_code == 204
    view = {"operationUID": VIEW_USER.uid, "principal": {"type": "User", "id": me}, "isAllowed": True}
    answers = [await vera.get("/Devices/A1/")]
    for method in ("POST", "DELETE"):
        assert (await admin.request(method, f"/Users/{me}/Permissions/", json=[view])).status_code == 204
        old = answers[-1].headers
        conditions = {"If-None-Match": old["ETag"]}
        answers.append(await vera.get("/Devices/A1/", headers=conditions))
        if "Last-Modified" in old:
            by_date = await vera.get("/Devices/A1/", headers={"If-Modified-Since": old["Last-Modified"]})
            assert by_date.text == answers[-1].text
    assert [(answer.status_code, UMA in answer.text) for answer in answers] == [(200, False), (200, True), (200, False)]
    same = await vera.get("/Devices/A1/", headers={"If-None-Match": answers[-1].headers["ETag"]})
    assert same.status_code == 304
    guarded = await admin.put(
        "/Devices/A1/",
        json={"settings": {"description": "changed"}},
        headers={"If-Match": answers[-1].headers["ETag"]},
    )
    assert guarded.status_code == 204


async def test_blocked_serials_of_hidden_devices_are_hidden(
    admin: AsyncClient, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    hidden, _ = await register(services.store, network.network_id, ["A1", "A2"])
    ben = call_as(await sign_in("ben@example.com", role=ADMINISTRATORS))
    me = await user_id(admin, "ben@example.com")
    await put(services.store, network.network_id, [Rule(VIEW_DEVICE, "User", me, hidden, is_allowed=False)])
    for serial in ("A1", "A2"):
        assert (await admin.delete(f"/Devices/{serial}/")).status_code == 204
    await services.audit.sweep(2**42)  # blocked serials are hidden beyond the retention of the trail
    blocked = f"{ROOT}/admin/v1/blocked-serials/"
    assert [item["serial"] for item in (await admin.get(blocked)).json()["items"]] == ["A1", "A2"]
    assert [item["serial"] for item in (await ben.get(blocked)).json()["items"]] == ["A2"]
    assert (await ben.delete(f"{blocked}A1/")).text == (await ben.delete(f"{blocked}a1/")).text.replace("a1", "A1")
    assert [(await client.delete(f"{blocked}A1/")).status_code for client in (ben, admin)] == [404, 204]
    assert (await ben.delete(f"{blocked}A2/")).status_code == 204
