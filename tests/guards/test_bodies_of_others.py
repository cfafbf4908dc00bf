"""A body that names another entity than the path is refused, as long as the caller sees that other entity."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.access.operations.definitions import VIEW_GROUP
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from signfleet.web.http.endpoint import Endpoint
from tests.conftest import ROOT, SignIn
from tests.fleet.devices.stored import register
from tests.guards.test_read_only_members import CHANGES, entity, laid_over
from tests.world import World, name, now

pytestmark = [pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)]

#: Members that say which entity a body is of.
IDENTITY = ("id", "serial", "login", "clientId", "person", "device", "entityId")
#: What they name elsewhere: a choice, something new, and permissions that are of no instance.
OTHERWISE = {
    "PUT /Self/Session/Network/",
    "POST /Users/{user}/Permissions/",
    "DELETE /Users/{user}/Permissions/",
    "POST /Roles/{role}/Permissions/",
    "DELETE /Roles/{role}/Permissions/",
}


def names_an_entity(endpoint: Endpoint) -> bool:
    members = {field.encode_name for field in msgspec.structs.fields(entity(endpoint))}
    return not members.isdisjoint(IDENTITY) and (endpoint.method == "PUT" or endpoint.path.endswith("/Permissions/"))


NAMED = [endpoint for endpoint in CHANGES if names_an_entity(endpoint) and name(endpoint) not in OTHERWISE]


class Others:
    """One more entity of each kind beside those of the world."""

    def __init__(self, world: World) -> None:
        self.world, self.services, self.admin = world, world.services, world.admin

    async def prepare(self) -> None:
        await self.world.restore()
        owner = self.world.administrator
        (self.device,) = await register(self.services.store, owner.network_id, ["A2"])
        self.group = (await self.admin.post("/Groups/Regular/", json={"name": "Other"})).json()["id"]
        self.role = (await self.admin.post("/Roles/", json={"name": "Other"})).json()["id"]
        await self.world.sign_in("other@example.com", role=VIEWERS)
        self.user = (await self.admin.get("/Users/other@example.com/")).json()
        made = await self.admin.post("/Self/Applications/", json={"name": "Other"})
        self.application = made.json()
        await self.admin.post("/Self/Applications/", json={"name": "Script"})  # the newest, which the world changes
        await self.world.webhook()
        await self.world.rule()
        webhook = {"name": "Other", "url": "https://hooks.example"}
        self.webhook = (await self.admin.post(f"{ROOT}/admin/v1/webhooks/", json=webhook)).json()["id"]
        await self.world.wall_link()
        link = {"name": "Other", "expirationDate": datetime.format(now() + HOUR)}
        self.link = (await self.admin.post(f"{ROOT}/admin/v1/wall-links/", json=link)).json()["id"]
        rule = {"name": "Other", "condition": {"kind": "silent", "minutes": 5}}
        self.rule = (await self.admin.post(f"{ROOT}/admin/v1/alerts/rules/", json=rule)).json()["id"]
        self.network = (await self.admin.post("/Self/Networks/", json={"name": "Other"})).json()

    def parts(self, endpoint: Endpoint) -> dict[str, Any]:
        """Parts of a body of another entity, by the member that the refusal names."""
        person = self.user["person"]
        device = {"id": self.device, "serial": "a2"}
        return {
            "PUT /Devices/{device}/": {"id": {"ID": self.device}, "serial": {"serial": "a2"}},
            "PUT /Devices/{device}/Notes/": {f"device.{key}": {"device": {key: device[key]}} for key in device},
            "POST /Devices/{device}/Permissions/": {"[0].entityId": {"entityId": self.device}},
            "DELETE /Devices/{device}/Permissions/": {"[0].entityId": {"entityId": self.device}},
            "PUT /Groups/Regular/{group}/": {"id": {"id": self.group}},
            "POST /Groups/Regular/{group}/Permissions/": {"[0].entityId": {"entityId": self.group}},
            "DELETE /Groups/Regular/{group}/Permissions/": {"[0].entityId": {"entityId": self.group}},
            "PUT /Roles/{role}/": {"id": {"id": self.role}},
            "PUT /Users/{user}/": {
                "id": {"id": self.user["id"]},
                "person.id": {"person": {"id": person["id"]}},
                "person.login": {"person": {"login": person["login"].upper()}},
            },
            "PUT /admin/v1/webhooks/{webhook}/": {"id": {"id": self.webhook}},
            "PUT /admin/v1/wall-links/{wall_link}/": {"id": {"id": self.link}},
            "PUT /admin/v1/alerts/rules/{rule}/": {"id": {"id": self.rule}},
            "PUT /Self/": {"id": {"id": person["id"]}, "login": {"login": person["login"].upper()}},
            "PUT /Self/Applications/{application}/": {
                "id": {"id": self.application["id"]},
                "clientId": {"clientId": self.application["clientId"]},
            },
            "PUT /Self/Networks/{network}/Subscription/": {"id": {"id": self.network["subscription"]["id"]}},
        }[name(endpoint)]


@pytest.mark.parametrize("endpoint", NAMED, ids=name)
async def test_a_body_of_another_entity_is_refused(
    endpoint: Endpoint, services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn
) -> None:
    others = Others(World(services, network, admin, sign_in))
    await others.prepare()
    for member, part in others.parts(endpoint).items():
        request = await others.world.request(endpoint)
        wrong = request.sent | {"json": laid_over(request.sent["json"], part)}
        answer = await admin.request(request.method, request.url, **wrong)
        assert answer.status_code == 400, (part, answer.text)
        assert f"'{member}'" in answer.json()["message"], (part, answer.text)
        unknown = request.sent | {"json": laid_over(request.sent["json"], unknown_of(part))}
        answer = await admin.request(request.method, request.url, **unknown)
        assert answer.status_code == 204, (part, answer.text)


def unknown_of(part: Any) -> Any:
    """The same with an id or name that nobody has, as the contract's examples carry them."""
    if isinstance(part, dict):
        return {member: unknown_of(value) for member, value in part.items()}
    return 12345 if isinstance(part, int) else "46D89C107131"


@pytest.mark.parametrize("endpoint", [one for one in NAMED if one.method == "PUT"], ids=name)
async def test_what_was_read_can_be_sent_back(
    endpoint: Endpoint, services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn
) -> None:
    others = Others(World(services, network, admin, sign_in))
    await others.prepare()
    request = await others.world.request(endpoint)
    read = (await admin.get(request.url)).json()
    sent = request.sent | {"json": laid_over(read, request.sent["json"])}
    answer = await admin.request(request.method, request.url, **sent)
    assert answer.status_code == 204, (read, answer.text)


async def test_the_id_of_a_hidden_entity_gets_the_answer_of_an_unknown_one(
    services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn
) -> None:
    others = Others(World(services, network, admin, sign_in))
    await others.prepare()
    caller = {"Authorization": f"Bearer {await sign_in('caller@example.com', role=ADMINISTRATORS)}"}
    caller_id = (await admin.get("/Users/caller@example.com/")).json()["id"]
    denial = {
        "operationUID": VIEW_GROUP.uid,
        "principal": {"type": "User", "id": caller_id},
        "isAllowed": False,
    }
    assert (await admin.post(f"/Groups/Regular/{others.group}/Permissions/", json=[denial])).status_code == 204
    body = {"id": others.group, "description": "changed"}
    assert (await admin.put("/Groups/Regular/Gamma/", json=body)).status_code == 400
    assert (await admin.put("/Groups/Regular/Gamma/", json=body, headers=caller)).status_code == 204


async def test_a_name_in_the_body_renames(
    services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn
) -> None:
    others = Others(World(services, network, admin, sign_in))
    await others.prepare()
    for path, id_ in (("/Groups/Regular", others.world.ids["Group"]), ("/Roles", others.world.ids["Role"])):
        read = (await admin.get(f"{path}/{id_}/")).json()
        assert (await admin.put(f"{path}/{id_}/", json=read | {"name": "Renamed"})).status_code == 204
        assert (await admin.put(f"{path}/{id_}/", json=read | {"name": "Other"})).status_code == 400
