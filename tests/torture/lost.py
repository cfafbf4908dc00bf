"""Random schedules of lost answers: `ROUNDS=50` runs 200."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from signfleet.app.wiring import build, make_app
from signfleet.foundation import logs
from signfleet.foundation.clock import now
from signfleet.foundation.settings import Settings
from tests.running import bootstrapped
from tests.simulator import schedules
from tests.torture.figures import Figures

#: Schedules in one round.
SCHEDULES = 4


def lost_answers(database: str, folder: Path, rounds: int) -> Figures:
    """Lets players and an operator work on a line that loses requests and answers, then on a good one."""
    network = bootstrapped(folder, database)
    lost: Counter[str] = Counter()
    logs.configure("error")
    settings = Settings(data=str(folder), database=database, access_log=False)
    faults = asyncio.run(_run(settings, network.network_id, rounds, lost))
    figures = Figures(f"lost answers, {database.partition(':')[0]}")
    figures.add("schedules", rounds * SCHEDULES)
    figures.add("answers lost", sum(lost.values()))
    for fault in faults[:5]:
        figures.add("for example", fault)
    figures.add("stranded players, reports lost or doubled, commands undone or doubled", len(faults), wanted=0)
    return figures


async def _run(settings: Settings, network_id: int, rounds: int, lost: Counter[str]) -> list[str]:
    services = await build(settings)
    faults: list[str] = []
    try:
        for limited in (services.players, services.reports, services.delivery, services.player_tokens):
            limited._rate_limit.burst = 100_000
        app: Any = make_app(services)
        setup_token = (await services.provisioning.issue(network_id, now())).token
        for seed in range(rounds * SCHEDULES):
            outcome = await schedules.run(app, services, network_id, setup_token, seed)
            faults += [f"schedule {seed}: {fault}" for fault in outcome.faults]
            lost += outcome.lost
    finally:
        await services.close()
    return faults
