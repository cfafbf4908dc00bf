"""Who sees which devices: a device whose View is denied is not there at all."""

from __future__ import annotations

from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import DEVICE, VIEW_DEVICE
from signfleet.identity.access.operations.roles import CREATORS, VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant


class Viewer:
    """A user with a client of their own."""

    def __init__(self, client: AsyncClient, user_id: int) -> None:
        self.client = client
        self.user_id = user_id

    async def serials(self, filter_: str = "") -> tuple[list[str], int, int]:
        """What is listed, and how much of how much it says that is."""
        page = (await self.client.get("/Devices/", params={"filter": filter_})).json()
        return [item["serial"] for item in page["items"]], page["matchingItemCount"], page["totalItemCount"]


async def viewer(role, services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs) -> Viewer:
    client = call_as(await sign_in("vera@example.com", role=role))
    person = await services.people.find("vera@example.com")
    assert person is not None
    user = await services.users.in_network(network.network_id, person.person_id)
    assert user is not None
    return Viewer(client, user.id)


async def test_a_device_denied_to_a_user_is_nowhere(
    services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs, admin: AsyncClient
) -> None:
    ids = await register(services.store, network.network_id, ["A1", "A2", "A3"])
    vera = await viewer(VIEWERS, services, network, sign_in, call_as)
    await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=ids[1], user_id=vera.user_id)
    assert await vera.serials() == (["A1", "A3"], 2, 2)
    assert await vera.serials("[Serial] IS IN ('A1', 'A2')") == (["A1"], 1, 2)
    assert (await vera.client.get("/Devices/Count/")).json() == 2
    assert (await vera.client.get("/Devices/Count/", params={"filter": "[Serial] IS 'A2'"})).json() == 0
    for ref in (str(ids[1]), "A2"):
        denied, unknown = await vera.client.get(f"/Devices/{ref}/"), await vera.client.get("/Devices/Nothing/")
        assert denied.status_code == unknown.status_code == 404
        assert denied.json()["message"].replace(ref, "Nothing") == unknown.json()["message"]
    assert (await admin.get("/Devices/Count/")).json() == 3


async def test_a_user_whose_role_sees_nothing_sees_the_devices_allowed_to_them(
    services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    ids = await register(services.store, network.network_id, ["A1", "A2", "A3"])
    vera = await viewer(CREATORS, services, network, sign_in, call_as)
    assert (await vera.client.get("/Devices/")).status_code == 403
    await grant(services.store, network.network_id, DEVICE, entity_id=ids[1], user_id=vera.user_id)
    assert await vera.serials() == (["A2"], 1, 1)
    assert (await vera.client.get("/Devices/A2/")).status_code == 200
    assert (await vera.client.get("/Devices/A1/")).status_code == 404


async def test_a_device_denied_to_a_role_can_be_allowed_to_one_of_its_users(
    services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    ids = await register(services.store, network.network_id, ["A1", "A2"])
    vera = await viewer(VIEWERS, services, network, sign_in, call_as)
    for id_ in ids:
        await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=id_, role_id=VIEWERS.id)
    assert await vera.serials() == ([], 0, 0)
    await grant(services.store, network.network_id, VIEW_DEVICE, entity_id=ids[0], user_id=vera.user_id)
    assert await vera.serials() == (["A1"], 1, 1)


async def test_pages_of_a_restricted_user_are_whole(
    services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    ids = await register(services.store, network.network_id, [f"A{number}" for number in range(6)])
    vera = await viewer(VIEWERS, services, network, sign_in, call_as)
    for id_ in ids[:3]:
        await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=id_, user_id=vera.user_id)
    first = (await vera.client.get("/Devices/", params={"pageSize": 2})).json()
    assert ([item["id"] for item in first["items"]], first["isTruncated"]) == (ids[3:5], True)
    last = (await vera.client.get("/Devices/", params={"pageSize": 2, "marker": first["nextMarker"]})).json()
    assert ([item["id"] for item in last["items"]], last["isTruncated"]) == (ids[5:], False)
