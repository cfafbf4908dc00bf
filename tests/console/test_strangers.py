"""Forms about things that the sender may not change: they find nothing, and nothing changes."""

from __future__ import annotations

import re
from typing import Any

from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.console import wiring
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import metadata, session
from signfleet.identity.access.operations.roles import ADMINISTRATORS, SYSTEM_ROLES, VIEWERS, SystemRole
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.world import World, now

#: What the form about a thing sends; others send nothing but the origin.
FIELDS: dict[str, dict[str, str]] = {
    "/console/alerts/rules/{rule}/": {"name": "Taken", "kind": "silent", "silence": "5"},
    "/console/alerts/webhooks/{webhook}/": {"name": "Taken", "url": "https://receiver.example/"},
    "/console/alerts/webhooks/{webhook}/key": {"hours": "24"},
    "/console/alerts/{alert}/acknowledge": {"note": "Taken"},
    "/console/alerts/{alert}/mute": {"for": "1h"},
    "/console/alerts/webhooks/{webhook}/replay": {"message": "{message}"},
    "/console/groups/{group}/": {"name": "Taken"},
    "/console/groups/{group}/move": {"search": "A1"},
    "/console/people/roles/{role}/": {"name": "Taken"},
    "/console/people/users/{user}/": {"description": "Taken"},
    "/console/people/permissions/{kind}/{ref}/": {
        "principal": "stranger@example.com",
        "operation": "3a9b0d8c",
        "verdict": "allow",
    },
    "/console/players/{player}/cancel": {"command": "{sent}"},
    "/console/players/{player}/note/": {"note": "Taken"},
    "/console/players/{player}/settings/": {"name": "Taken"},
    "/console/players/{player}/tags/": {"key": "taken", "value": "yes"},
    "/console/tags/{key}/": {"of": "all", "do": "remove", "count": "1"},
}


async def things(world: World, services: Services) -> dict[str, str]:
    """Returns the parts of paths for one thing of each kind in the network."""
    await world.admin.post("/Devices/A1/Tags/", json={"string::[Device].<Floor>": "2"})
    (key,) = await services.tag_index.counted_keys(await services.sessions.authenticate(await world.sign_in(), now()))
    begin = {"name": "Night", "begin": "2090-01-01T00:00:00Z", "end": "2090-01-02T00:00:00Z"}
    window = (await world.admin.post(f"{ROOT}/admin/v1/alerts/windows/", json=begin)).json()["id"]
    token = (await world.admin.post(f"{ROOT}/admin/v1/setup-tokens/", json={})).json()["id"]
    (own,) = (await world.admin.get(f"{ROOT}/admin/v1/sessions/", params={"pageSize": 1})).json()["items"]
    return {
        "alert": str(await world.alert()),
        "application": str(await world._application(world.administrator)),
        "command": "reboot",
        "group": str(world.ids["Group"]),
        "job": str(await world._job("/changes/", world.administrator)),
        "key": str(key.id),
        "kind": "devices",
        "sent": str(await world.command()),
        "message": str(await world._failed_delivery()),
        "link": str(await world.wall_link()),
        "player": str(world.ids["Device"]),
        "ref": str(world.ids["Device"]),
        "role": str(world.ids["Role"]),
        "rule": str(await world.rule()),
        "session": str(own["id"]),
        "setup_token": str(token),
        "user": str(world.ids["User"]),
        "webhook": str(await world.webhook()),
        "window": str(window),
    }


async def dump(services: Services) -> dict[str, list[Any]]:
    """Returns all that is stored, but for sessions, which note their last use."""
    found = {}
    for table in metadata.sorted_tables:
        if table is not session:
            found[table.name] = sorted(map(repr, await services.store.all(Query(table.select()))))
    return found


def forms(values: dict[str, str]) -> list[tuple[str, str, dict[str, str]]]:
    """Returns all forms about things, those that delete something last: declared path, path, fields."""
    found = []
    for endpoint in wiring.endpoints():
        if endpoint.method == "POST" and "{" in endpoint.path and endpoint.path != "/console/settings/{group}":
            path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], endpoint.path)
            found.append((endpoint.path, path, _fields(endpoint.path, values)))
    return sorted(found, key=lambda form: form[0].endswith(("/delete", "/remove", "/revoke", "/end")))


def _fields(declared: str, values: dict[str, str]) -> dict[str, str]:
    return {name: text.format_map(values) for name, text in FIELDS.get(declared, {"version": "1"}).items()}


@ON_SQLITE
async def test_only_those_who_may_change_a_thing_by_its_form(
    world: World, services: Services, sign_in: SignIn, call_as: CallAs
) -> None:
    values = await things(world, services)
    other = (await services.networks.create("Other", now())).id

    async def browser(login: str, role: SystemRole = ADMINISTRATORS, **of: int) -> AsyncClient:
        client = call_as()
        client.cookies.set("signfleet", await sign_in(login, role=role, **of), domain="signfleet.test", path="/")
        return client

    strangers = {role.name: await browser(f"s{role.id}@example.com", role, network_id=other) for role in SYSTEM_ROLES}
    strangers["our viewer"] = await browser("v@example.com", VIEWERS)
    owner = await browser(world.network.login)
    before = await dump(services)
    for declared, path, fields in forms(values):
        for name, client in strangers.items():
            answer = await client.post(ROOT + path, data=fields, headers={"Origin": ROOT})
            assert answer.status_code in (403, 404), (name, declared, answer.status_code)
    after = await dump(services)
    assert {name for name in before if before[name] != after[name]} == set()
    for declared, path, fields in forms(values):  # the same forms are about things that are there
        answer = await owner.post(ROOT + path, data=fields, headers={"Origin": ROOT})
        assert answer.status_code not in (403, 404) and answer.status_code < 500, declared
