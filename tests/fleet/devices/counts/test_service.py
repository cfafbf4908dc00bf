"""Counts of devices that the transactions which change devices maintain."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from functools import partial
from typing import Any

from sqlalchemy import bindparam

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.store import THIS_DEVICE
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_count, device_count_change
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.web.caller.session import Session
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant

HEALTHS = ("Normal", "Warning", "Error", "Unknown")
SET_HEALTH = Query(device.update().where(THIS_DEVICE).values(health=bindparam("new_health")))
DELETE = Query(device.delete().where(THIS_DEVICE))
ALL = Query(device.select())
CHANGES = Query(device_count_change.select())


async def recounted(store: Store, network_id: int) -> dict[str, Counter[Any]]:
    """Counts the devices one by one."""
    rows = [row for row in await store.all(ALL) if row.network_id == network_id]
    return {
        "health": Counter(row.health for row in rows),
        "group": Counter((str(row.group_id), row.health) for row in rows),
        "model": Counter((row.model_key, row.health) for row in rows),
    }


async def counted(services: Services, session: Any) -> dict[str, Counter[Any]]:
    counts = services.device_counts
    return {
        "health": Counter(await counts.by_health(session)),
        "group": Counter({(row.key, row.health): row.total for row in await counts.by_group(session)}),
        "model": Counter({(row.key, row.health): row.total for row in await counts.by_model(session)}),
    }


def a_session(network: Tenant, *, user_id: int = 0, role_id: int = ADMINISTRATORS.id) -> Session:
    return Session(
        id=1,
        person_id=1,
        application_id=None,
        network_id=network.network_id,
        user_id=user_id,
        role_id=role_id,
        device_id=None,
        login="x",
        scope="",
        last_modified=0,
        permission_changes=user_id,
    )


async def change_health(network_id: int, ids: list[int], health: str, tx: Transaction) -> None:
    for id_ in ids:
        await tx.execute(SET_HEALTH, in_network=network_id, of_device=id_, new_health=health)


async def test_counts_follow_concurrent_changes_and_stay_right_when_added_up(
    services: Services, network: Tenant
) -> None:
    """Writers create, change and delete devices while two processes add the changes up."""
    store, network_id, session = services.store, network.network_id, a_session(network)
    await register(store, 4711, ["ELSEWHERE"])

    async def change(number: int) -> None:
        chance = random.Random(number)
        ids: list[int] = []
        for step in range(25):
            if len(ids) < 3 or chance.random() < 0.3:
                known = {"model": chance.choice(["HD1024", "XT1144"]), "group_id": chance.choice([1, 2])}
                ids += await register(store, network_id, [f"S{number}-{step}"], **known)
            elif chance.random() < 0.3:
                gone = ids.pop()
                await store.write(lambda tx, gone=gone: tx.execute(DELETE, in_network=network_id, of_device=gone))
            else:
                await store.write(partial(change_health, network_id, chance.sample(ids, 2), chance.choice(HEALTHS)))

    writers = asyncio.gather(*(change(number) for number in range(3)))
    while not writers.done():
        await asyncio.gather(*(services.maintained_counts.add_up() for _ in range(2)))
        assert sum((await services.device_counts.by_health(session)).values()) >= 0
    await writers
    assert await counted(services, session) == await recounted(store, network_id)
    await services.maintained_counts.add_up()
    assert await store.all(CHANGES) == []
    assert await counted(services, session) == await recounted(store, network_id)
    assert await services.maintained_counts.missing() == []


async def test_a_caller_gets_counts_of_the_devices_that_they_may_see(services: Services, network: Tenant) -> None:
    store, network_id = services.store, network.network_id
    ids = await register(store, network_id, [f"S{number}" for number in range(6)])
    for id_ in ids[:2]:
        await grant(store, network_id, VIEW_DEVICE, allowed=False, entity_id=id_, user_id=7)
    for id_ in ids[1:4]:
        await grant(store, network_id, VIEW_DEVICE, entity_id=id_, user_id=8)
    await grant(store, network_id, VIEW_DEVICE, allowed=False, user_id=8)
    for added_up in (False, True):
        if added_up:
            await services.maintained_counts.add_up()
        for user_id, seen in ((9, 6), (7, 4), (8, 3)):
            session = a_session(network, user_id=user_id)
            assert await services.device_counts.by_health(session) == {"Unknown": seen}, user_id
            assert await services.device_counts.by_group(session) == [("1", "Unknown", seen)]
            assert await services.device_counts.by_model(session) == [("hd1024", "Unknown", seen)]


async def test_wrong_counts_are_found_and_corrected(services: Services, network: Tenant) -> None:
    store, counts, session = services.store, services.maintained_counts, a_session(network)
    await register(store, network.network_id, ["S1", "S2"])
    await counts.add_up()
    await register(store, network.network_id, ["S3"])
    spoil = Query(device_count.update().values(total=device_count.c.total + 5).where(device_count.c.by == "model"))
    await store.write(lambda tx: tx.execute(spoil))
    [wrong] = await counts.missing()
    assert (wrong.by, wrong.key, wrong.health, wrong.total) == ("model", "hd1024", "Unknown", -5)
    assert await services.device_counts.by_model(session) == [("hd1024", "Unknown", 8)]  # and caches it
    await counts.correct()
    assert await counts.missing() == []
    assert await services.device_counts.by_model(session) == [("hd1024", "Unknown", 3)]
