"""A Player entity in any letter case: PUT and PATCH make the same of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from tests.fleet.devices.stored import example, store_player

PLAYER = example("001-05-get-devices-id-int-answer")
SETTINGS = {name: PLAYER["settings"][name] for name in ("description", "screen", "network", "screenshots", "logging")}


def respelled(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {change(name): respelled(item, change) for name, item in value.items()}
    return [respelled(item, change) for item in value] if isinstance(value, list) else value


@pytest.fixture(autouse=True)
async def player(services: Services, network: Tenant) -> None:
    """A device without the settings that the tests bring."""
    bare = {"description": None, "screen": None, "network": None, "screenshots": None, "logging": None}
    await store_player(services.store, network.network_id, PLAYER | {"settings": PLAYER["settings"] | bare})


async def settings(admin: AsyncClient) -> Any:
    found = (await admin.get("/Devices/12345/")).json()["settings"]
    return {name: found[name] for name in SETTINGS}


@pytest.mark.parametrize("change", [str, str.upper, str.lower, str.swapcase])
async def test_whole_settings_are_taken_in_every_spelling(admin: AsyncClient, change: Callable[[str], str]) -> None:
    put = await admin.put("/Devices/12345/", json=respelled({"settings": SETTINGS}, change))
    assert put.status_code == 204, put.text
    assert await settings(admin) == SETTINGS


@pytest.mark.parametrize("change", [str, str.upper, str.lower, str.swapcase])
async def test_values_of_a_patch_are_taken_in_every_spelling(admin: AsyncClient, change: Callable[[str], str]) -> None:
    changes = [
        {"op": "replace", "path": f"/settings/{change(name)}", "value": respelled(value, change)}
        for name, value in SETTINGS.items()
    ]
    patch = await admin.patch("/Devices/12345/", json=changes)
    assert patch.status_code == 204, patch.text
    assert await settings(admin) == SETTINGS


async def test_an_exact_name_comes_first_and_of_two_others_the_last(admin: AsyncClient) -> None:
    both = '{"Settings":{"description":"wrong"},"settings":{"Description":"one","DESCRIPTION":"two"}}'
    put = await admin.put("/Devices/12345/", content=both, headers={"Content-Type": "application/json"})
    assert put.status_code == 204
    assert (await settings(admin))["description"] == "two"


async def test_another_devices_serial_is_seen_in_every_spelling(admin: AsyncClient, services: Services) -> None:
    network_id = (await admin.get("/Self/Session/Network/")).json()["id"]
    await store_player(services.store, network_id, PLAYER | {"id": 777, "serial": "OTHER"})
    put = await admin.put("/Devices/12345/", json={"SERIAL": "OTHER", "settings": {}})
    assert put.status_code == 400
    assert "'serial'" in put.json()["message"]
