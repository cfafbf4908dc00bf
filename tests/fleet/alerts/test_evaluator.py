"""A large fleet that goes dark: its alerts open and end in steps, so that nobody waits for all of them."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.alerts.store import LIVE as LIVE_AMONG
from signfleet.fleet.alerts.store import STATES_AMONG
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import alert, alert_rule, device
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import HOUR, MINUTE
from tests.conftest import ON_SQLITE
from tests.fleet.alerts.dark_site import WINDOWS
from tests.fleet.devices.stored import register
from tests.world import now

FLEET, STEP = 230, 100
LIVE = Query(select(func.count().label("number")).select_from(alert).where(alert.c.resolve_date.is_(None)))
GO_DARK = Query(device.update().values(health="Error", health_reason="silent", health_since=now() - HOUR))
DISABLE = Query(alert_rule.update().values(is_enabled=False))


@ON_SQLITE
async def test_alerts_open_and_end_a_hundred_at_a_time(
    services: Services, network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, moment = services.store, now()
    await register(store, network.network_id, [f"S{number:03}" for number in range(FLEET)])
    await services.alert_evaluator.run(moment)
    live, write = [0], store.write

    async def counted(work: object) -> object:
        result = await write(work)
        live.append((await store.scan_all(LIVE))[0].number)
        return result

    monkeypatch.setattr(store, "write", counted)
    await write(lambda tx: tx.execute(GO_DARK))
    await services.alert_evaluator.run(moment + MINUTE)
    assert max(live) == live[-1] >= FLEET
    await write(lambda tx: tx.execute(DISABLE))
    await services.alert_evaluator.run(moment + 2 * MINUTE)
    assert live[-1] == 0  # all of them in one run, not a step a minute
    assert max(abs(after - before) for before, after in pairwise(live)) == STEP


@ON_SQLITE
async def test_others_get_their_turn_while_a_large_fleet_is_compared(
    services: Services, network: Tenant, admin: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite reads without a pause: no turn of the loop compares more than a hundred devices, here in maintenance."""
    store, moment = services.store, now()
    await register(store, network.network_id, [f"S{number:04}" for number in range(8 * STEP)])
    window = {"name": "Night", "begin": datetime.format(moment), "end": datetime.format(moment + HOUR)}
    assert (await admin.post(WINDOWS, json=window)).status_code == 201
    await store.write(lambda tx: tx.execute(GO_DARK))
    await services.alert_evaluator.run(moment)
    reads, read = [0], store.all

    async def counted(query: Any, **params: Any) -> Any:
        reads[-1] += query in (STATES_AMONG, LIVE_AMONG)
        return await read(query, **params)

    monkeypatch.setattr(store, "all", counted)
    evaluating = asyncio.create_task(services.alert_evaluator.run(moment + MINUTE))
    while not evaluating.done():
        await asyncio.sleep(0)
        reads.append(0)
    assert sum(reads) == 16
    assert max(reads) <= 2
