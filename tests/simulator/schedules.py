"""Random schedules of lost answers: a fleet of two players on a bad line, and an operator who sends commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from httpx import ASGITransport, AsyncBaseTransport, AsyncClient, ReadTimeout, Request, Response
from sqlalchemy import select

from signfleet.app.wiring import Services
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import command, device, device_status, token
from signfleet.simulator.fleet import fleet
from signfleet.simulator.player import Player, Tally
from signfleet.simulator.run import now_ms
from signfleet.simulator.secrets import Secrets
from signfleet.web.caller.scopes import DEVICE_SCOPE

#: What the operator sends, with arguments.
ORDERS: Sequence[tuple[str, dict[str, Any]]] = (
    ("reboot", {}),
    ("identify", {}),
    ("logs", {"maxBytes": 2048}),
    ("registry-set", {"section": "a", "key": "b", "value": "c"}),
    ("settings", {}),
    ("display", {"power": "off"}),
    ("firmware", {"url": "https://x.example/f", "hash": "SHA256:00ff00ff"}),
    ("diagnostics", {"test": "interfaces"}),
)
STEPS = 14
#: How many steps on a good line suffice for everything to end.
HEALING = 12


class BadLine(AsyncBaseTransport):
    """Loses requests and answers at random, and lets access tokens end now and then, until it heals."""

    def __init__(self, app: Any, services: Services, chance: Random) -> None:
        self._inner, self._services, self._chance = ASGITransport(app), services, chance
        self.is_good = False
        self.lost: Counter[str] = Counter()

    async def handle_async_request(self, request: Request) -> Response:
        if self.is_good:
            return await self._inner.handle_async_request(request)
        kind = (
            f"{request.method} {''.join(part for part in request.url.path.split('/')[3:] if not part.isdigit())[:12]}"
        )
        if self._chance.random() < 0.05:
            end = Query(token.delete().where(token.c.kind == "access", token.c.scope == DEVICE_SCOPE))
            await self._services.store.write(lambda tx: tx.execute(end))
        if self._chance.random() < 0.1:
            raise ReadTimeout("the request was lost")
        answer = await self._inner.handle_async_request(request)
        if self._chance.random() < 0.25:
            self.lost[kind] += 1
            raise ReadTimeout("the answer was lost")
        return answer


class Outcome(NamedTuple):
    """What is wrong after a schedule, and which answers were lost."""

    faults: list[str]
    lost: Counter[str]


async def run(app: Any, services: Services, network_id: int, setup_token: str, seed: int) -> Outcome:
    """Runs one schedule with players of its own."""
    chance = Random(seed)
    line = BadLine(app, services, chance)
    tally, secrets = Tally(), Secrets()
    async with AsyncClient(base_url="http://signfleet.test", transport=line) as http:
        crew = [
            Player(
                profile,
                http,
                setup_token,
                clock=now_ms,
                tally=tally,
                secrets=secrets,
                period=0,
                pictures=False,
                boot_seconds=0,
            )
            for profile in fleet(40, 10_000 + seed)
            if profile.condition in ("healthy", "low storage")
        ][:2]
        for _ in range(STEPS):
            for player in crew:
                await player.step()
                await _send(services, network_id, player.profile.serial, chance)
        line.is_good = True
        for _ in range(HEALING):
            for player in crew:
                await player.step()
    faults = [fault for player in crew for fault in await _faults(services, network_id, player)]
    if tally.refused:
        faults.append(f"a player was refused: {tally.last_refusal}")
    return Outcome(faults, line.lost)


async def _send(services: Services, network_id: int, serial: str, chance: Random) -> None:
    if chance.random() < 0.5:
        found = await services.store.one(Query(_device(serial)))
        if found is not None:
            name, arguments = chance.choice(ORDERS)
            await services.command_line.send(network_id, [found.id], name, arguments, now_ms())


def _device(serial: str) -> Any:
    on_same = device_status.c.device_id == device.c.id
    return (
        select(device.c.id, device_status.c.report_sequence)
        .join(device_status, on_same)
        .where(device.c.serial == serial)
    )


async def _faults(services: Services, network_id: int, player: Player) -> list[str]:
    """Returns what is wrong with a player: stranded, a report lost or counted twice, a command undone or done twice."""
    serial = player.profile.serial
    found = await services.store.one(Query(_device(serial)))
    if found is None:
        return [f"{serial} has not joined"]
    faults = []
    if found.report_sequence != player._sequence:
        faults.append(f"{serial}: report {found.report_sequence} is stored, {player._sequence} was sent")
    acted = Counter(player.commands.acted)
    faults += [f"{serial}: command {id_} was done {count} times" for id_, count in acted.items() if count > 1]
    rows = await services.store.scan_all(Query(command.select().where(command.c.device_id == found.id)))
    for row in rows:
        if row.state != "succeeded":
            faults.append(f"{serial}: {row.name} {row.id} is {row.state}: {row.message}")
        if acted[row.id] != 1:
            faults.append(f"{serial}: {row.name} {row.id} was done {acted[row.id]} times")
    return faults
