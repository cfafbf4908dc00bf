"""Answers lost at any step: no player is stranded, no report lost or doubled, no command done twice.

`make torture ROUNDS=50 ARGS=lost-answers` runs 200 schedules.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, make_app
from tests.conftest import ON_SQLITE
from tests.simulator import schedules


@ON_SQLITE
async def test_no_schedule_of_lost_answers_strands_a_player_or_doubles_a_command(
    services: Services, network: Tenant, setup_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limited in (services.players, services.reports, services.delivery, services.player_tokens):
        monkeypatch.setattr(limited._rate_limit, "burst", 100_000)
    app: Any = make_app(services)
    lost: Counter[str] = Counter()
    for seed in range(4):
        outcome = await schedules.run(app, services, network.network_id, setup_token, seed)
        assert outcome.faults == [], f"schedule {seed}"
        lost += outcome.lost
    assert {"POST register", "POST report", "POST commands"} <= lost.keys()
