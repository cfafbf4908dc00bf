"""No request may take the server for itself: what its work depends on has a limit, and is looked at before the work."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.web.http.endpoint import BODY_LIMIT
from tests.conftest import ON_SQLITE
from tests.world import World

pytestmark = ON_SQLITE

#: Function calls of Python's, in the event loop, of a request that is refused.
CALLS = 40_000


async def counted(client: AsyncClient, method: str, path: str, content: bytes | str, **headers: str) -> Response:
    """Send a request; however long the body, few functions are called until it is answered."""
    await client.get(path.partition("?")[0])  # what is prepared once is prepared
    request = client.build_request(
        method, path, content=content, headers={"Content-Type": "application/json"} | headers
    )
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        answer = await client.send(request)
    finally:
        sys.setprofile(None)
    assert calls < CALLS, f"{method} {path[:40]} takes {calls} function calls"
    return answer


def replace(path: str, value: object = 1) -> dict[str, object]:
    return {"op": "replace", "path": path, "value": value}


#: An object of many names that no entity has, and a walk through it.
UNKNOWN = {f"k{number}": 0 for number in range(3000)}


@pytest.mark.parametrize("path", ["/Devices/A1/", "/Self/Networks/Test Network/"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([replace("/settings/name")] * 201, "an array no longer than 200"),
        ([replace("/settings", UNKNOWN), *[replace("/settings/K2999")] * 199], "no property 'K2999'"),
        ([replace("/settings/" + "a/" * 10_000)], "no property 'a'|more than 16 steps"),
        ([replace("/settings/" + "a" * 20_000)], "no property 'a"),
    ],
)
async def test_a_patch_is_checked_before_it_is_applied(
    world: World, path: str, changes: list[object], message: str
) -> None:
    answer = await counted(world.admin, "PATCH", path, json.dumps(changes))
    assert answer.status_code == 400
    assert any(part in answer.json()["message"] for part in message.split("|")), answer.text
    assert len(answer.text) < 1000


async def test_a_body_longer_than_usual_may_not_have_many_values(world: World) -> None:
    values = b'{"settings":{"name":"' + b"[" * 20_000 + b'"},"x":"' + b"a" * BODY_LIMIT + b'"}'
    answer = await counted(world.admin, "PUT", "/Devices/A1/", values)
    assert answer.status_code == 413
    assert "16384" in answer.json()["message"]


async def test_a_whole_player_with_much_text_can_be_sent_back(world: World) -> None:
    player = (await world.admin.get("/Devices/A1/")).json()
    player["tags"] = {f"string::[Device].<T{number}>": "x" * 2000 for number in range(100)}
    assert (await world.admin.put("/Devices/A1/", json=player)).status_code == 204


async def test_settings_are_limited_in_length(world: World) -> None:
    many = [
        {"name": f"b{number}", "mode": "EddystoneUrl", "url": "https://x.example/" + "u" * 500} for number in range(64)
    ]
    answer = await world.admin.put("/Devices/A1/", json={"settings": {"beacons": many}})
    assert answer.status_code == 413
    assert "32768" in answer.json()["message"]
    half = json.dumps([replace("/settings/beacons", many[:50])])
    assert (await world.admin.patch("/Devices/A1/", content=half)).status_code == 204
    long = json.dumps([replace("/settings/description", "x" * 4000), replace("/settings/lws/password", "x" * 8000)])
    assert (await world.admin.patch("/Devices/A1/", content=long)).status_code == 413


async def test_more_tags_than_a_device_may_have_are_refused_unread(world: World) -> None:
    path = "/Devices/A1/Tags/"
    answer = await counted(world.admin, "POST", path, json.dumps({f"t{n}": n for n in range(4000)}))
    assert (answer.status_code, "100 tags" in answer.text) == (400, True)
    answer = await counted(world.admin, "DELETE", path, json.dumps([f"number::[Device].<{n}>" for n in range(2000)]))
    assert (answer.status_code, "100 tags" in answer.text) == (400, True)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("path", ["/Devices/A1/", "/Groups/Regular/Gamma/", "/Roles/Rho/", "/Users/ulla@example.com/"])
async def test_more_permissions_than_can_be_changed_at_once_are_refused_unread(
    world: World, method: str, path: str
) -> None:
    kind = "Role" if "Rho" in path else "User"
    one = {
        "operationUID": "616d956d-9a74-f674-61a9-3ab02f028352",
        "principal": {"type": kind, "id": world.ids[kind]},
        "isAllowed": True,
    }
    answer = await counted(world.admin, method, f"{path}Permissions/", json.dumps([one] * 400))
    assert (answer.status_code, "At most 100 permissions" in answer.text) == (400, True), answer.text[:200]


async def test_a_query_has_few_parameters_and_few_escapes(world: World) -> None:
    answer = await counted(world.admin, "GET", "/Devices/?" + "a&" * 20_000, "")
    assert (answer.status_code, "50 parameters" in answer.text) == (400, True)
    answer = await counted(world.admin, "GET", "/Devices/?filter=" + "%41" * 10_000, "")
    assert (answer.status_code, "4096 escaped" in answer.text) == (400, True)


async def test_notification_templates_are_limited_in_length_together(world: World) -> None:
    path = f"/Self/Users/{world.administrator.user_id}/Notifications/"
    names = ("deviceFailure", "devicesFailure", "deviceDisconnected")
    answers = [await world.admin.put(path, json={f"{name}NotificationTemplate": "x" * 60_000}) for name in names]
    assert [answer.status_code for answer in answers] == [204, 204, 413]
