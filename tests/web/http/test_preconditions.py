"""`If-Match` on signfleet's own settings: a change of what somebody else has changed since is refused."""

from __future__ import annotations

from typing import Any

from httpx import AsyncClient

from tests.conftest import ROOT
from tests.world import World

#: Each thing with an entity tag below /admin/v1/, and a member with two values.
THINGS: dict[str, tuple[str, Any, Any]] = {
    "network/": ("name", "Venue", "Places"),
    "health-rules/": ("lateReports", 2, 3),
    "command-rules/": ("dangerAllowed", False, True),
    "joining/": ("protocol1Until", "2024-03-13T08:30:00Z", "2024-03-14T08:30:00Z"),
    "alerts/rules/{Rule}/": ("name", "Dark", "Silent"),
    "webhooks/{Webhook}/": ("name", "Desk", "Door"),
    "wall-links/{WallLink}/": ("name", "Hall", "Lobby"),
}


async def test_of_two_clients_that_read_the_same_the_second_to_write_gets_412(admin: AsyncClient, world: World) -> None:
    ids = {"Rule": await world.rule(), "Webhook": await world.webhook(), "WallLink": await world.wall_link()}
    for path, (member, first, second) in THINGS.items():
        address = f"{ROOT}/admin/v1/{path.format(**ids)}"
        read = await admin.get(address)
        seen = {"If-Match": read.headers["ETag"]}
        assert (await admin.get(address, headers={"If-None-Match": read.headers["ETag"]})).status_code == 304, path
        assert (await admin.put(address, json=read.json() | {member: first}, headers=seen)).status_code == 204, path
        await admin.put(address, json=read.json() | {member: second})
        late = await admin.put(address, json=read.json() | {member: first}, headers=seen)
        assert late.status_code == 412, (path, late.text)
        stored = await admin.get(address)
        assert stored.json()[member] == second, path
        assert stored.headers["ETag"] != read.headers["ETag"], path
        if "{" not in path:
            continue
        assert (await admin.delete(address, headers=seen)).status_code == 412, path
        now = {"If-Match": stored.headers["ETag"]}
        assert (await admin.delete(address, headers=now)).status_code == 204, path
