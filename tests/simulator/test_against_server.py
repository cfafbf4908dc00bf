"""A simulated fleet and a real server understand each other."""

from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from signfleet.simulator.fleet import fleet
from signfleet.simulator.run import simulate
from signfleet.wiring import Services, make_app
from tests.conftest import ROOT

pytestmark = pytest.mark.anyio


async def test_a_demo_fleet_registers_reports_and_can_be_listed(
    services: Services, setup_token: str, admin: AsyncClient
) -> None:
    app: Any = make_app(services)
    tally = await simulate(ROOT, setup_token, 25, period=0, rounds=2, concurrency=4, transport=ASGITransport(app))
    assert (tally.registered, tally.retries) == (25, 0)
    assert (tally.refused, tally.last_refusal) == (0, "")
    assert tally.screenshots >= 25
    page = (await admin.get("/Devices/")).json()
    assert page["totalItemCount"] == 25
    invented = {profile.serial: profile for profile in fleet(25)}
    for player in page["items"]:
        profile = invented[player["serial"]]
        assert (player["model"], player["settings"]["name"]) == (profile.model, profile.name)
        assert player["status"]["firmware"]["version"] == profile.firmware
        assert player["settings"]["location"]["locality"] == profile.place.locality
    health = {player["status"]["health"] for player in page["items"]}
    assert health == {"Normal", "Warning", "Error"}
