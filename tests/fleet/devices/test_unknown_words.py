"""Words that the contract does not list, in settings, patches and filters of devices: each is refused by name."""

from __future__ import annotations

from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from tests.bad_input import check
from tests.fleet.devices.stored import example, store_player

PLAYER = example("001-05-get-devices-id-int-answer")


async def test_unknown_words_are_refused_by_name(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await store_player(services.store, network.network_id, PLAYER)
    interface = PLAYER["settings"]["network"]["interfaces"][0]
    for settings, named in (
        ({"network": {"interfaces": [interface | {"type": "Token Ring"}]}}, "'settings.network.interfaces[0].type'"),
        ({"screenshots": {"interval": "00:15:00", "orientation": "Upside Down"}}, "'settings.screenshots.orientation'"),
        ({"beacons": [{"name": "x", "mode": "AltBeacon"}]}, "'settings.beacons[0].mode'"),
        ({"screen": {"idleColor": "red"}}, "'settings.screen.idleColor'"),
        ({"synchronization": {"status": {"period": "often"}}}, "'settings.synchronization.status.period'"),
    ):
        check(await admin.put("/Devices/12345/", json={"settings": settings}), 400, named)
        change = [{"op": "replace", "path": f"/settings/{part}", "value": value} for part, value in settings.items()]
        check(await admin.patch("/Devices/12345/", json=change), 400, named)
    check(await admin.patch("/Devices/12345/", json=[{"op": "remove", "path": "/settings/name"}]), 400, "remove")
    for query in ("[Model] IS 'HD9999'", "[Status].[Health] IS 'Fine'"):
        for collection in ("/Devices/", "/Devices/Count/", "/Devices/Regions/US/", "/Devices/All/Notes/"):
            check(await admin.get(collection, params={"filter": query}), 400, "Unsupported value")
        check(await admin.delete("/Devices/", params={"filter": query}), 400, "Unsupported value")
