"""A page of a large fleet for a user with 1,000 permissions of their own, beside the administrator's

There are 10,000 devices, or BENCH_DEVICES. Both take turns in one process over each store and call what `GET /Devices/`
calls, documents and totals included. `first` follows a write, which empties the caches; the other rows follow the first
page.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import perf_counter

from bench.size import DEVICES as DEVICE_COUNT
from bench.table import Row
from signfleet.fleet.devices.service import Devices
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.open import open_store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import setting
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import ADMINISTRATORS, VIEWERS
from signfleet.identity.access.permission_store import INSERT_PERMISSION
from signfleet.identity.access.permissions import Permissions
from signfleet.web.caller.session import Session
from signfleet.web.contract.paging import ListQuery
from tests.fleet.devices.stored import register
from tests.postgres import running_postgres

BATCH = 2_000
RULES = 1_000
NETWORK = 1
TURNS = 40
#: Any write empties the caches.
WRITE = Query(setting.delete())

#: Who asks, their role, and whether their 1,000 permissions allow or deny.
CALLERS = {"1,000 devices denied": (2, VIEWERS.id, False), "1,000 devices allowed": (3, None, True)}


def session(user_id: int, role_id: int | None, *, has_permissions: bool) -> Session:
    return Session(
        id=user_id,
        person_id=user_id,
        application_id=None,
        network_id=NETWORK,
        user_id=user_id,
        role_id=role_id,
        device_id=None,
        login="somebody",
        scope="bsn.api.main",
        last_modified=0,
        has_permissions=has_permissions,
    )


async def fill(store: Store) -> None:
    ids: list[int] = []
    for start in range(0, DEVICE_COUNT, BATCH):
        ids += await register(store, NETWORK, [f"S{number:06}" for number in range(start, start + BATCH)])

    async def add_permissions(tx: Transaction) -> None:
        for user_id, _role, allowed in CALLERS.values():
            rules = [
                {
                    "network_id": NETWORK,
                    "entity": "Device",
                    "entity_id": id_,
                    "operation_uid": VIEW_DEVICE.uid,
                    "principal_type": "User",
                    "principal_id": user_id,
                    "is_allowed": allowed,
                    "creation_date": time.time_ns() // 1_000_000,
                }
                for id_ in ids[:: DEVICE_COUNT // RULES]
            ]
            await tx.execute_many(INSERT_PERMISSION, rules)

    await store.write(add_permissions)


async def timed(devices: Devices, store: Store, caller: Session, *, first: bool) -> float:
    if first:
        await store.write(lambda tx: tx.execute(WRITE))
    begin = perf_counter()
    page = await devices.list_(caller, ListQuery(None, None, None, 100))
    assert page.next_marker is not None  # a whole page
    return perf_counter() - begin


async def store_rows(store: Store) -> AsyncIterator[Row]:
    devices = Devices(store, Permissions(store))
    administrator = session(1, ADMINISTRATORS.id, has_permissions=False)
    for name, (user_id, role_id, _allowed) in CALLERS.items():
        caller = session(user_id, role_id, has_permissions=True)
        for first in (True, False):
            ours, reference = [], []
            for _ in range(TURNS):
                reference.append(await timed(devices, store, administrator, first=first))
                ours.append(await timed(devices, store, caller, first=first))
            name_of_row = f"{store.dialect[:8]}, {name}{', first' if first else ''}"
            one, other = statistics.median(ours) * 1000, statistics.median(reference) * 1000
            yield Row(name_of_row, "ms", one, other, one / other)


async def _measured(url: str) -> list[Row]:
    store = await open_store(url, connections=4)
    try:
        await fill(store)
        return [row async for row in store_rows(store)]
    finally:
        await store.close()


def measure() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(_measured(f"sqlite:///{Path(folder, 'bench.db')}"))
    with running_postgres() as server:
        yield from asyncio.run(_measured(server.create()))
