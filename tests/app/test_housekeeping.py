"""Housekeeping deletes what has expired, and nothing else."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import time_machine
from httpx import AsyncClient
from sqlalchemy import func, select

from signfleet.app.bootstrap import Tenant
from signfleet.app.housekeeping import Housekeeping
from signfleet.app.wiring import Services
from signfleet.foundation import clock as foundation_clock
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import event, one_time_link, person, session, token
from tests.conftest import CallAs, SignIn
from tests.interleaving import reading_before_writing

COUNTS = {
    table.name: Query(select(func.count().label("rows")).select_from(table))
    for table in (token, session, one_time_link, person)
}

EVENTS = Query(select(event).order_by(event.c.id))


async def count(services: Services, table: str) -> int:
    row = await services.store.one(COUNTS[table])
    assert row is not None
    return int(row.rows)


async def test_expired_tokens_sessions_and_links_are_deleted(
    client: AsyncClient, admin: AsyncClient, sign_in: SignIn, services: Services, network: Tenant
) -> None:
    with time_machine.travel("2020-01-01", tick=False):
        for _ in range(3):
            await sign_in()
        await client.get(f"/{network.login}/Password/")
        await services.registrations.mail_resets()
    await Housekeeping(services.store).tidy()
    assert (await count(services, "token"), await count(services, "session")) == (1, 1)
    assert await count(services, "one_time_link") == 0
    assert (await admin.get("/Devices/")).status_code == 200


async def test_unactivated_registrations_are_deleted_and_invitations_stay(
    client: AsyncClient, admin: AsyncClient, services: Services
) -> None:
    with time_machine.travel("2020-01-01", tick=False):
        await client.post("/Self/", json={"login": "joe@example.com"})
    await client.post("/Self/", json={"login": "ann@example.com"})
    invitation = await admin.post("/Users/", json={"person": {"login": "ina@example.com"}})
    assert (invitation.status_code, await count(services, "person")) == (201, 4)
    await Housekeeping(services.store).tidy()
    assert await count(services, "person") == 3
    with time_machine.travel(time.time() + 31 * 86_400, tick=False):
        await Housekeeping(services.store).tidy()
    assert await count(services, "person") == 2


async def test_an_expired_token_is_remembered_for_a_day(sign_in: SignIn, services: Services, call_as: CallAs) -> None:
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        caller = call_as(await sign_in())
        clock.shift(3601)
        await Housekeeping(services.store).tidy()
        assert "expired" in (await caller.get("/Self/")).json()["message"]
        clock.shift(2 * 24 * 3600)
        await Housekeeping(services.store).tidy()
        assert "unknown" in (await caller.get("/Self/")).json()["message"]


@pytest.mark.settings(trial_days=2)
async def test_a_trial_ends_by_itself(sign_in: SignIn, services: Services, call_as: CallAs, network: Tenant) -> None:
    address = f"/Self/Networks/{network.network_id}/Subscription"
    with time_machine.travel("2099-05-01T12:00:00Z", tick=False) as clock:
        admin = call_as(await sign_in())
        assert (await admin.put(f"{address}/", json={"level": "Trial"})).status_code == 204
        await Housekeeping(services.store).tidy()
        assert (await admin.get(f"{address}/")).json()["level"] == "Trial"
        clock.shift(2 * 24 * 3600)
        await Housekeeping(services.store).tidy()
        history = (await call_as(await sign_in()).get(f"{address}s/")).json()
    assert [record["level"] for record in history] == ["Control", "Trial", "Control"]


async def test_the_end_of_a_trial_is_announced_once(services: Services) -> None:
    """Also by several processes, and not of a trial that has given way to a paid level."""
    with time_machine.travel("2099-05-01T12:00:00Z", tick=False) as clock:
        now = foundation_clock.now()
        made = [await services.networks.create(name, now, level="Trial") for name in ("Goes on", "Pays")]
        await services.networks.set_level(made[1].id, "Content", now + 1)
        for days in (22, 1, 1):
            clock.shift(days * 24 * 3600)
            with reading_before_writing():
                await asyncio.gather(*(Housekeeping(services.store).tidy() for _ in range(2)))
    rows = [row for row in await services.store.scan_all(EVENTS) if row.network_id in {each.id for each in made}]
    assert [(row.network_id, row.kind, row.data) for row in rows if row.kind.startswith("NetworkT")] == [
        (made[0].id, "NetworkTrialExpiring", '{"expireDate":"2099-05-31T12:00:00Z"}')
    ]
    assert [row.name for row in rows if row.kind == "NetworkLevelChanged"] == ["Trial", "Trial", "Content"]


@pytest.mark.settings(trial_days=2)
async def test_a_trial_that_several_processes_end_ends_once(
    sign_in: SignIn, services: Services, call_as: CallAs, network: Tenant
) -> None:
    address = f"/Self/Networks/{network.network_id}/Subscription"
    with time_machine.travel("2099-05-01T12:00:00Z", tick=False) as clock:
        await call_as(await sign_in()).put(f"{address}/", json={"level": "Trial"})
        clock.shift(2 * 24 * 3600)
        with reading_before_writing():
            await asyncio.gather(*(Housekeeping(services.store).tidy() for _ in range(2)))
        history = (await call_as(await sign_in()).get(f"{address}s/")).json()
    assert [record["level"] for record in history] == ["Control", "Trial", "Control"]


@pytest.mark.settings(trial_days=2)
async def test_a_paid_network_stays_paid_when_its_trial_ends(
    sign_in: SignIn, services: Services, call_as: CallAs, network: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/Self/Networks/{network.network_id}/Subscription/"
    found = services.store.scan_all

    async def find_and_pay(*query: Any, **params: Any) -> Any:
        rows = await found(*query, **params)
        await services.networks.set_level(network.network_id, "Content", 1)
        return rows

    with time_machine.travel("2099-05-01T12:00:00Z", tick=False) as clock:
        await call_as(await sign_in()).put(address, json={"level": "Trial"})
        clock.shift(2 * 24 * 3600)
        monkeypatch.setattr(services.store, "scan_all", find_and_pay)
        await Housekeeping(services.store).tidy()
        assert (await call_as(await sign_in()).get(address)).json()["level"] == "Content"
