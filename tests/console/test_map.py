"""The map of players: its list has what the map draws."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace
from typing import Any

from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.devices.regions.service import spots_of
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ROOT, CallAs, SignIn
from tests.console.browsing import sign_in as sign_in_to_pages
from tests.identity.access.granted import grant
from tests.world import World

MAP = f"{ROOT}/console/map/"


async def _place(admin: AsyncClient, serial: str, latitude: float, longitude: float) -> None:
    change = {
        "op": "replace",
        "path": "/settings/location",
        "value": {"gpsLatitude": latitude, "gpsLongitude": longitude},
    }
    assert (await admin.patch(f"/Devices/{serial}/", json=[change])).status_code == 204


async def test_places_are_listed_with_their_players_by_health_and_lead_to_them(
    client: AsyncClient, admin: AsyncClient, world: World, services: Services, sign_in: SignIn, call_as: CallAs
) -> None:
    await sign_in_to_pages(client)
    here, there = (await world.joined()).device_id, (await world.joined()).device_id
    assert "No player has a place." in (await client.get(MAP)).text
    for device in ("A1", str(here)):
        await _place(admin, device, 37.26, -121.95)
    await _place(admin, str(there), 52.52, 13.40)
    page = (await client.get(MAP)).text
    places = re.findall(r'data-at="([^"]+)" data-number="(\d+)" data-health="(\w+)"><a href="([^"]+)">([^<]+)', page)
    assert [(at, number) for at, number, *_ in places] == [("13.4 52.52", "1"), ("-121.95 37.26", "2")]
    assert places[0][4].startswith("Berlin")
    assert "without a place" not in page
    found = (await client.get(ROOT + html.unescape(places[1][3]))).text
    assert (f'id="p{here}"' in found, f'id="p{there}"' in found) == (True, False)
    narrowed = (await client.get(MAP, params={"search": f"[id] IS {there}"})).text
    assert re.findall(r'data-number="(\d+)"', narrowed) == ["1"]
    assert (await client.get(MAP, params={"search": "[id] IS"})).status_code == 400
    viewer = call_as()
    token = await sign_in("v@example.com", role=VIEWERS)
    viewer.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    user = await services.users.find(world.network.network_id, "v@example.com")
    assert user is not None
    await grant(services.store, world.network.network_id, VIEW_DEVICE, user_id=user.id, entity_id=there, allowed=False)
    seen = (await viewer.get(MAP)).text
    assert re.findall(r'data-number="(\d+)"', seen) == ["2"]


def _row(path: str, devices: int, at: float, **health: int) -> Any:
    counts = {"normal": 0, "warning": 0, "error": 0, "unknown": 0} | health
    return SimpleNamespace(path=path, devices=devices, south=at, north=at, west=at, east=at, **counts)


def test_many_places_become_regions() -> None:
    rows = [
        _row("/DE/BE/Berlin/", 1, 52, error=1),
        _row("/DE/BE/Mitte/", 3, 56, normal=3),
        _row("/FR/75/Paris/", 1, 48),
    ]
    assert [spot.path for spot in spots_of(rows, 3)] == ["/DE/BE/Berlin/", "/DE/BE/Mitte/", "/FR/75/Paris/"]
    one, _ = spots_of(rows, 2)
    assert (one.path, one.devices, one.latitude, one.worst) == ("/DE/BE/", 4, 55, "Error")
    rows = [_row("/DE/BE/Berlin/", 1, 52, normal=1)]
    rows[0].south = None
    assert spots_of(rows)[0].latitude is None
    assert spots_of([]) == []
