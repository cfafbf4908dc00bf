"""GET of /Devices/Regions/."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.schemas import Location
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device as device_table
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import example, register
from tests.identity.access.granted import grant

EXAMPLE = example("001-03-get-devices-regions-locationpath-answer")


def place(country: str, state: str, county: str | None, city: str, latitude: float, longitude: float) -> Location:
    names = [country, state, *([county] if county else []), city]
    return Location(
        gps_latitude=latitude,
        gps_longitude=longitude,
        country=country,
        country_long_name={"US": "United States", "UA": "Ukraine"}[country],
        admin_area_level1=state,
        admin_area_level1_long_name={"MO": "Missouri", "51": "Odesa"}[state],
        admin_area_level2=county,
        admin_area_level2_long_name=county,
        locality=city,
        locality_long_name=city,
        path=f"/{'/'.join(names)}/",
    )


FULTON = place("US", "MO", "Callaway County", "Fulton", 38.8513, -91.9604)


@pytest.fixture
async def fleet(services: Services, network: Tenant) -> list[int]:
    """One device in Fulton, Missouri, three in Odesa, Ukraine, one nowhere and one of another network."""
    odesa = [place("UA", "51", None, "Одеса", 46.4 + step, 30.7 - step) for step in (0, 0.1, 0.2)]
    ids = []
    for number, location in enumerate([FULTON, *odesa, None]):
        ids += await register(services.store, network.network_id, [f"S{number}"], location=location)
    await register(services.store, 4711, ["ELSEWHERE"], location=FULTON)
    update = Query(device_table.update().where(device_table.c.id == ids[0]).values(health="Normal"))
    await services.store.write(lambda tx: tx.execute(update))
    return ids


async def regions(client: AsyncClient, path: str = "", **query: str) -> Any:
    answer = await client.get(f"/Devices/Regions/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.contract("GET /Devices/Regions/{location_path:path}/")
async def test_the_example_is_answered_as_in_the_contract(admin: AsyncClient, fleet: list[int]) -> None:
    for path in ("US/", "us", "US/MO/", "us/mo/callaway%20county/FULTON"):
        answer = await regions(admin, path, filter="[Model] IS 'HD1024'")
        assert answer == EXAMPLE
        assert list(answer[0]) == list(EXAMPLE[0])


@pytest.mark.contract("GET /Devices/Regions/{location_path:path}/")
async def test_devices_of_a_place_are_summed_up(admin: AsyncClient, fleet: list[int], services: Services) -> None:
    update = Query(device_table.update().where(device_table.c.id == fleet[2]).values(health="Error"))
    await services.store.write(lambda tx: tx.execute(update))
    [odesa] = await regions(admin, "UA/51/%D0%BE%D0%B4%D0%B5%D1%81%D0%B0/")
    assert (odesa["devicesCount"], odesa["devicesHealthStatus"]) == (3, ["Error", "Unknown"])
    box = [odesa[f"{side}GPS{axis}"] for axis in ("Latitude", "Longitude") for side in ("min", "max")]
    assert box == pytest.approx([46.4, 46.6, 30.5, 30.7])
    assert (odesa["adminAreaLevel2"], odesa["locationPath"]) == (None, "/UA/51/Одеса/")
    assert [region["devicesCount"] for region in await regions(admin)] == [3, 1]
    assert [region["devicesCount"] for region in await regions(admin, filter="[Serial] IS IN ('S0', 'S1')")] == [1, 1]


@pytest.mark.contract("GET /Devices/Regions/{location_path:path}/")
async def test_a_path_where_nothing_stands_is_404_and_a_filter_may_leave_nothing(
    admin: AsyncClient, fleet: list[int]
) -> None:
    for path in ("DE/", "U/", "US/M/", "US/MO/Fulton/", "US/MO/Callaway County/Fulton/Main Street/", "%2F%2F-/"):
        assert (await admin.get(f"/Devices/Regions/{path}")).status_code == 404, path
    assert await regions(admin, "US/", filter="[Model] IS 'XD1034'") == []
    assert (await admin.get("/Devices/Regions/US/", params={"filter": "[Nope] IS 1"})).status_code == 400


@pytest.mark.contract("GET /Devices/Regions/{location_path:path}/")
async def test_hidden_devices_are_nowhere(
    fleet: list[int], services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    for id_ in fleet[:2]:
        await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=id_, role_id=VIEWERS.id)
    assert (await viewer.get("/Devices/Regions/US/")).status_code == 404
    assert [region["devicesCount"] for region in await regions(viewer, "UA")] == [2]


@pytest.mark.contract("GET /Devices/Regions/{location_path:path}/")
async def test_a_device_moves_with_its_coordinates(admin: AsyncClient, fleet: list[int]) -> None:
    berlin = {"gpsLatitude": 52.5219, "gpsLongitude": 13.4132}
    assert (await admin.put("/Devices/S0/", json={"settings": {"location": berlin}})).status_code == 204
    assert (await admin.get("/Devices/Regions/US/")).status_code == 404
    [region] = await regions(admin, "DE")
    assert (region["countryLongName"], region["devicesCount"]) == ("Germany", 1)
    assert (await admin.put("/Devices/S0/", json={"settings": {"location": None}})).status_code == 204
    assert (await admin.get("/Devices/Regions/DE/")).status_code == 404


@pytest.mark.contract("GET /Devices/Regions/{location_path:path}/")
@pytest.mark.parametrize("path", ["Moon/Sea", "/Moon/Sea", "Moon/Sea/", "//Moon//Sea//"])
async def test_a_path_counts_however_its_slashes_are_set(path: str, admin: AsyncClient, fleet: list[int]) -> None:
    body = {"settings": {"location": {"path": path}}}
    assert (await admin.put("/Devices/S0/", json=body)).status_code == 204
    for asked in ("moon", "Moon/Sea", "Moon//Sea/"):
        [region] = await regions(admin, asked)
        assert (region["locationPath"], region["devicesCount"]) == ("/Moon/Sea/", 1)
    assert (await admin.get("/Devices/S0/")).json()["settings"]["location"]["path"] == path


async def test_a_path_without_names_is_no_place(admin: AsyncClient, fleet: list[int]) -> None:
    before = len(await regions(admin))
    for path in ("/", "//", " "):
        assert (await admin.put("/Devices/S0/", json={"settings": {"location": {"path": path}}})).status_code == 204
        assert len(await regions(admin)) == before - 1


async def test_the_longest_path_fits(admin: AsyncClient, fleet: list[int]) -> None:
    for letter in ("ᾷ", "𝒳"):
        body = {"settings": {"location": {"path": letter * 520}}}
        assert (await admin.put("/Devices/S4/", json=body)).status_code == 204
    assert (await admin.put("/Devices/S4/", json={"settings": {"location": {"path": "x" * 521}}})).status_code == 400


async def test_cached_regions_follow_every_change_of_a_device(
    admin: AsyncClient, fleet: list[int], services: Services, network: Tenant
) -> None:
    """Other writes leave the answer; a move within a place changes it, before and after it is added up."""
    store = services.store
    [before] = await regions(admin, "US")

    async def set_values(device_id: int, **values: Any) -> None:
        change = Query(device_table.update().where(device_table.c.id == device_id).values(**values))
        await store.write(lambda tx: tx.execute(change))

    await set_values(fleet[0], name_key="renamed")
    assert await regions(admin, "US") == [before]
    await set_values(fleet[0], gps_latitude=39.0)
    moved = before | {"minGPSLatitude": 39.0, "maxGPSLatitude": 39.0}
    assert await regions(admin, "US") == [moved]
    await services.maintained_counts.add_up()
    assert await regions(admin, "US") == [moved]
    await set_values(fleet[0], health="Error")
    assert await regions(admin, "US") == [moved | {"devicesHealthStatus": ["Error"]}]
    await services.maintained_counts.add_up()
    await register(store, network.network_id, ["NEW"], location=FULTON)
    [joined] = await regions(admin, "US")
    assert (joined["devicesCount"], joined["minGPSLatitude"]) == (2, FULTON.gps_latitude)


async def test_answers_that_are_cached_together_have_a_limit(
    admin: AsyncClient, fleet: list[int], services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = services.regions._cached
    monkeypatch.setattr(cache, "_limit", 1000)
    everywhere = await regions(admin)
    assert await regions(admin, "US") + await regions(admin, "UA") == sorted(
        everywhere, key=lambda region: region["country"], reverse=True
    )
    assert cache._length == sum(len(answer) for _, answer in cache._cached.values()) <= 1000
