"""Lets time pass for the health of devices."""

from __future__ import annotations

from typing import Any

from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.health.sweep import HealthSweep
from signfleet.foundation import clock
from tests.conftest import ROOT, CallAs

PLAYER = f"{ROOT}/player/v1"


class Sweep:
    """A sweep at a later time, which comes as on a testing server: no server was down meanwhile."""

    def __init__(self, services: Services) -> None:
        self._sweep = HealthSweep(services.store)

    async def run(self, now: int) -> int:
        clock.set_ahead(now - clock.now())
        try:
            return await self._sweep.run(now)
        finally:
            clock.set_ahead(0)


async def join(call_as: CallAs, setup_token: str, serial: str, **more: Any) -> AsyncClient:
    """Registers a player and returns its client."""
    registration = {"serial": serial, "model": "HD1024", "firmware": "9.0.1", **more}
    answer = await call_as(setup_token).post(f"{PLAYER}/register", json=registration)
    return call_as(answer.json()["access_token"])


async def report(player: AsyncClient, sequence: int = 1, **what: Any) -> None:
    """Sends a report."""
    answer = await player.post(f"{PLAYER}/report", json={"sequence": sequence, **what})
    assert answer.status_code == 200, answer.text
