"""The simulated players of a testing server: they speak the player protocol as the clock advances."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import httpx
import structlog

from signfleet.foundation import clock
from signfleet.foundation.errors import Conflict, NotFound
from signfleet.simulator.fleet import fleet
from signfleet.simulator.player import Player, Tally
from signfleet.simulator.secrets import Secrets
from signfleet.testing import schemas
from signfleet.testing.schemas import Seed

#: Seconds between two checks for players that have to report.
PERIOD = 1.0
#: A player takes at most this many steps before it reports: pictures that are due, and retries.
STEPS = 4

_NAMES = {"goes dark": "Dark", "low storage": "LowStorage", "wrong clock": "WrongClock", "healthy": "Healthy"}

log = structlog.get_logger("testing")


@dataclass
class _Member:
    """A player, when its next step is due (ms), and whether it reports on its own."""

    player: Player
    tally: Tally
    condition: str
    due: float
    reporting: bool


class Crew:
    """Players that call `application` in this process. `setup_token` lets them join."""

    def __init__(self, application: Any, setup_token: str) -> None:
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://testing.invalid", timeout=30
        )
        self._setup_token = setup_token
        self._members: dict[str, _Member] = {}
        #: A player does one thing at a time.
        self._lock = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None

    def list_(self) -> list[schemas.Player]:
        """Returns the players in the order in which they joined."""
        return [schemas.Player(serial, member.condition) for serial, member in self._members.items()]

    async def join(self, seed: Seed) -> None:
        """Joins the next players of the seed's fleet, one after the other; each sends a report.

        Raises `Conflict` if one cannot join.
        """
        async with self._lock:
            first = sum(member.player.profile.seed == seed.seed for member in self._members.values())
            for profile in fleet(seed.devices, seed.seed, first):
                tally = Tally()
                player = Player(
                    profile,
                    self._http,
                    self._setup_token,
                    clock=clock.now,
                    tally=tally,
                    secrets=Secrets(),
                    pictures=seed.pictures,
                )
                condition = _NAMES.get(profile.condition, profile.condition.title().replace(" ", ""))
                member = _Member(player, tally, condition, math.inf, seed.reporting)
                await _report(member)
                if not tally.reports:
                    raise Conflict(f"The player {profile.serial} could not join: {tally.last_refusal or 'no answer'}.")
                self._members[profile.serial] = member

    async def catch_up(self) -> None:
        """Runs the steps of all players that are due."""
        async with self._lock:
            for member in self._members.values():
                for _ in range(STEPS):
                    if not member.reporting or member.due > clock.now():
                        break
                    member.due = clock.now() + await member.player.step() * 1000

    async def change(self, serial: str, condition: schemas.Condition) -> schemas.Player:
        """Changes the condition of a player, which reports at once unless it goes dark."""
        member = self._members.get(serial) or self._members.get(serial.upper())
        if member is None:
            raise NotFound(f"There is no simulated player '{serial}'.")
        async with self._lock:
            profile, member.condition = member.player.profile, condition
            match condition:
                case "Dark":
                    member.due = math.inf
                    return schemas.Player(profile.serial, condition)
                case "DiskFull":
                    changed = replace(profile, condition="low storage", storage_free=0)
                case "WrongClock":
                    changed = replace(profile, condition="wrong clock", storage_free=profile.storage_size // 2)
                case "Healthy":
                    changed = replace(profile, condition="healthy", storage_free=profile.storage_size // 2)
            member.player.profile = changed
            await _report(member)
        return schemas.Player(profile.serial, condition)

    def start(self) -> None:
        """Starts the task in which players report when the clock says so."""
        self._work = asyncio.create_task(self._repeat(), name="crew")

    async def stop(self) -> None:
        """Stops the task and returns when no player works."""
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work
        await self._http.aclose()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            try:
                await self.catch_up()
            except Exception:
                log.exception("simulated players failed")


async def _report(member: _Member) -> None:
    """Makes a player report now, after the steps that come first."""
    before = member.tally.reports
    for _ in range(STEPS):
        wait = await member.player.step()
        if member.tally.reports > before or wait == math.inf:
            break
    member.due = clock.now() + wait * 1000
