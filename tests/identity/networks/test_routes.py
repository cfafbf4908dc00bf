"""/admin/v1/network/: administrators rename the chosen network."""

from __future__ import annotations

from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation import clock
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn

NETWORK = f"{ROOT}/admin/v1/network/"


async def test_a_network_gets_another_name_under_which_people_sign_in(
    admin: AsyncClient, client: AsyncClient, network: Tenant, services: Services
) -> None:
    read = await admin.get(NETWORK)
    assert read.json() == {"name": network.network}
    before = (await admin.get(f"/Self/Networks/{network.network_id}/")).json()["lastModifiedDate"]
    assert (await admin.put(NETWORK, json={"name": " Venues of the North "})).status_code == 204
    assert (await admin.get(NETWORK)).json()["name"] == "Venues of the North"
    stored = (await admin.get(f"/Self/Networks/{network.network_id}/")).json()
    assert (stored["name"], stored["lastModifiedDate"] > before) == ("Venues of the North", True)
    assert (await admin.put(NETWORK, json={"name": "VENUES of the north"})).status_code == 204
    form = {"grant_type": "password", "username": f"venues of the NORTH/{network.login}", "password": network.password}
    signed = await client.post(
        f"{ROOT}/realms/bsncloud/protocol/openid-connect/token",
        data=form,
        auth=(network.client_id, network.client_secret),
    )
    assert signed.status_code == 200, signed.text
    (first, second) = [
        (entry["before"], entry["after"])
        for entry in (await admin.get(f"{ROOT}/admin/v1/audit/", params={"sort": "[id] ASC"})).json()["items"]
        if entry["entity"] == "Network" and entry["action"] == "Update"
    ]
    assert first == ({"name": network.network}, {"name": "Venues of the North"})
    assert second[1] == {"name": "VENUES of the north"}
    await services.networks.create("Taken", clock.now())
    for name, words in (
        ("taken", "exists already"),
        ("a/b", "no '/'"),
        ("7", "digits"),
        ("x" * 31, "30"),
        ("", "1 to"),
    ):
        refused = await admin.put(NETWORK, json={"name": name})
        assert (refused.status_code, words in refused.json()["message"]) == (400, True), refused.text


async def test_readers_may_not_rename_it(sign_in: SignIn, call_as: CallAs) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    assert (await viewer.get(NETWORK)).status_code == 200
    assert (await viewer.put(NETWORK, json={"name": "Mine"})).status_code == 403
