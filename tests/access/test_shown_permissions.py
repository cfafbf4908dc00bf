"""Permissions show no users and no things that their reader may not see."""

from __future__ import annotations

from httpx import AsyncClient

from signfleet.access.operations.catalogue import EDIT_USER_PERMISSIONS, VIEW_DEVICE, VIEW_SCREENSHOTS, VIEW_USER
from signfleet.access.operations.roles import ADMINISTRATORS, VIEWERS
from signfleet.founding import Founded
from signfleet.wiring import Services
from tests.access.granted import Rule, put
from tests.conftest import ROOT, CallAs, SignIn
from tests.devices.stored import register

UMA, VERA = "uma@example.com", "vera@example.com"


async def user_id(admin: AsyncClient, login: str) -> int:
    return int((await admin.get(f"/Users/{login}/")).json()["id"])


async def test_logins_are_shown_to_who_may_see_their_users(
    admin: AsyncClient, services: Services, network: Founded, sign_in: SignIn, call_as: CallAs
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
    admin: AsyncClient, services: Services, network: Founded, sign_in: SignIn, call_as: CallAs
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
