"""The subscriptions that devices get, keep and lose: by registration, report and deletion, and as time passes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.registration import NewDevice, create
from signfleet.fleet.devices.store import PLAYER_BY_ID
from signfleet.fleet.subscriptions.lifecycle import DEMO_LIMIT, GRACE_PERIOD, SUSPENDED_PERIOD
from signfleet.fleet.subscriptions.service import Mode, Subscriptions
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.counters import TOTAL
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import audit, device, device_status, event, subscription
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.permissions import Permissions
from tests.fleet.devices.stored import register
from tests.interleaving import PATIENCE, reading_before_writing

NETWORK = 1
ALL = Query(select(subscription).where(subscription.c.network_id == bindparam("network_id")))
REPORTED = Query(
    device_status.update().where(device_status.c.device_id == bindparam("which")).values(status_date=bindparam("now"))
)
DELETE_DEVICE = Query(device.delete().where(device.c.id == bindparam("device_id")))
NOW = datetime.parse("2024-03-13T16:29:11.983Z")
YEAR = 365 * DAY
EVENTS = Query(select(event).order_by(event.c.id))
TRAIL = Query(select(audit).where(audit.c.entity == "Subscription").order_by(audit.c.id))


class Fleet:
    """The service over a store that has devices."""

    def __init__(self, store: Store, mode: Mode) -> None:
        self.store = store
        self.subscriptions = Subscriptions(store, Permissions(store), mode)

    async def register(self, serial: str, now: int = NOW) -> int:
        (device_id,) = await register(self.store, NETWORK, [serial], now=now)
        await self.store.write(lambda tx: self.subscriptions.on_registration(tx, NETWORK, device_id, serial, now))
        return device_id

    async def report(self, device_id: int, serial: str, now: int = NOW) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(REPORTED, now=now, which=device_id)
            await self.subscriptions.on_first_report(tx, NETWORK, device_id, serial, now)

        await self.store.write(work)

    async def delete(self, device_id: int, now: int = NOW) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(DELETE_DEVICE, device_id=device_id)
            await self.subscriptions.on_delete(tx, NETWORK, [device_id], now)

        await self.store.write(work)

    async def shown(self, device_id: int) -> Any:
        """Returns the subscription in the device's document."""
        row = await self.store.one(PLAYER_BY_ID, network_id=NETWORK, id=device_id)
        assert row is not None
        return json.loads(row.document)["subscription"]

    async def having(self, filter_: str) -> list[int]:
        return await Listing(DEVICES).ids(self.store, NETWORK, filter=DEVICES.filter(filter_))

    async def trail(self) -> list[tuple[str, int, str | None]]:
        """Returns the audit entries about subscriptions."""
        return [(row.action, row.entity_id, row.name) for row in await self.store.all(TRAIL)]

    async def events(self) -> list[tuple[str, int | None, str | None, dict[str, Any]]]:
        rows = await self.store.all(EVENTS)
        return [(row.kind, row.device_id, row.name, json.loads(row.data)) for row in rows]

    async def total(self) -> int:
        row = await self.store.one(TOTAL, network_id=NETWORK, entity="Subscription")
        return row.total if row else 0

    async def stock(self) -> int:
        return len([row for row in await self.store.all(ALL, network_id=NETWORK) if row.device_id is None])


@pytest.fixture
def unlimited(store: Store) -> Fleet:
    return Fleet(store, "unlimited")


@pytest.fixture
def managed(store: Store) -> Fleet:
    return Fleet(store, "managed")


async def test_unlimited_gives_every_device_a_commercial_one_without_end(unlimited: Fleet) -> None:
    device_id = await unlimited.register("A1")
    shown = await unlimited.shown(device_id)
    assert shown == {
        "id": shown["id"],
        "device": {"id": device_id, "serial": "A1"},
        "type": "Commercial",
        "activityPeriod": "365.00:00:00",
        "status": "Active",
        "creationDate": "2024-03-13T16:29:11.983Z",
        "lastModifiedDate": "2024-03-13T16:29:11.983Z",
        "activationDate": "2024-03-13T16:29:11.983Z",
        "suspensionDate": None,
        "expirationDate": None,
    }
    assert await unlimited.subscriptions.sweep(NOW + 100 * YEAR) == []


async def test_unlimited_deletes_the_subscription_with_its_device(unlimited: Fleet) -> None:
    device_id = await unlimited.register("A1")
    await unlimited.delete(device_id)
    assert await unlimited.stock() == 0


async def test_managed_gives_a_new_device_one_grace_ever(managed: Fleet) -> None:
    device_id = await managed.register("A1")
    shown = await managed.shown(device_id)
    assert (shown["type"], shown["activityPeriod"], shown["status"]) == ("Grace", "30.00:00:00", "Active")
    await managed.delete(device_id)
    assert await managed.stock() == 0
    again = await managed.register("a1", NOW + DAY)
    assert await managed.shown(again) is None
    assert await managed.having("[Subscription] IS NULL") == [again]


async def test_the_first_report_assigns_one_of_the_stock_and_starts_its_time(managed: Fleet) -> None:
    await managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW)
    first, second = await managed.register("A1"), await managed.register("A2")
    await managed.report(first, "A1", NOW + DAY)
    await managed.report(second, "A2", NOW + DAY)
    shown = await managed.shown(first)
    assert (shown["type"], shown["activationDate"]) == ("Commercial", "2024-03-14T16:29:11.983Z")
    assert shown["expirationDate"] == datetime.format(NOW + DAY + YEAR + SUSPENDED_PERIOD)
    assert (await managed.shown(second))["type"] == "Grace"
    assert await managed.having("[Subscription].[Type] IS 'Commercial'") == [first]


async def test_added_subscriptions_go_to_the_oldest_waiting_devices(managed: Fleet) -> None:
    ids = [await managed.register(serial, NOW + number) for number, serial in enumerate(["A1", "A2", "A3"])]
    for device_id, serial in zip(ids[1:], ["A2", "A3"], strict=True):
        await managed.report(device_id, serial)
    added = await managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW + DAY)
    assert (await managed.shown(ids[1]))["id"] == added[0]
    assert [(await managed.shown(id_))["type"] for id_ in (ids[0], ids[2])] == ["Grace", "Grace"]


async def test_a_subscription_freed_by_a_deleted_device_keeps_its_dates(managed: Fleet) -> None:
    await managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW)
    first, second = await managed.register("A1"), await managed.register("A2")
    await managed.report(first, "A1")
    await managed.report(second, "A2")
    expires = (await managed.shown(first))["expirationDate"]
    await managed.delete(first, NOW + DAY)
    shown = await managed.shown(second)
    assert (shown["type"], shown["device"]["serial"], shown["expirationDate"]) == ("Commercial", "A2", expires)
    await managed.delete(second, NOW + DAY)
    assert await managed.stock() == 1


async def test_of_two_concurrent_first_reports_one_gets_the_last_of_the_stock(managed: Fleet) -> None:
    first, second = await managed.register("A1"), await managed.register("A2")
    (id_,) = await managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW)
    with reading_before_writing():
        await asyncio.gather(managed.report(first, "A1"), managed.report(second, "A2"))
    shown = [await managed.shown(device_id) for device_id in (first, second)]
    assert sorted(found["type"] for found in shown) == ["Commercial", "Grace"]
    assert [found["id"] for found in shown if found["type"] == "Commercial"] == [id_]


async def test_a_waiting_device_gets_one_of_two_that_come_at_once(managed: Fleet) -> None:
    leaving = await managed.register("A1")
    await managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW)
    await managed.report(leaving, "A1")
    waiting = await managed.register("A2")
    await managed.report(waiting, "A2")
    with reading_before_writing():
        await asyncio.gather(managed.delete(leaving), managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW))
    left = await managed.store.all(ALL, network_id=NETWORK)
    assert sorted((row.device_id or 0) for row in left) == [0, waiting]
    assert (await managed.shown(waiting))["id"] == next(row.id for row in left if row.device_id == waiting)
    assert await managed.total() == 2


async def test_a_device_deleted_while_it_waits_gets_nothing(managed: Fleet) -> None:
    waiting = await managed.register("A1")
    await managed.report(waiting, "A1")
    await managed.subscriptions.sweep(NOW + GRACE_PERIOD + SUSPENDED_PERIOD)  # its Grace is over
    adding = []

    async def delete(tx: Transaction) -> None:
        await tx.execute(DELETE_DEVICE, device_id=waiting)
        await managed.subscriptions.on_delete(tx, NETWORK, [waiting], NOW)
        if managed.store.dialect == "postgresql":  # where another unit of work can begin before this one ends
            adding.append(asyncio.create_task(managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW)))
            await asyncio.wait(adding, timeout=PATIENCE)

    await managed.store.write(delete)
    await asyncio.gather(*adding or [managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW)])
    assert (await managed.stock(), await managed.total()) == (1, 1)


async def test_a_device_can_be_deleted_while_its_subscription_expires(managed: Fleet) -> None:
    device_id = await managed.register("A1")
    later = NOW + GRACE_PERIOD + SUSPENDED_PERIOD
    with reading_before_writing():
        await asyncio.gather(managed.delete(device_id, later), managed.subscriptions.sweep(later))
    assert (await managed.store.all(ALL, network_id=NETWORK), await managed.total()) == ([], 0)


async def test_two_concurrent_sweeps_update_each_due_subscription_once(managed: Fleet) -> None:
    for number in range(5):
        await managed.register(f"A{number}")
    later = NOW + GRACE_PERIOD + SUSPENDED_PERIOD
    with reading_before_writing():
        both = await asyncio.gather(managed.subscriptions.sweep(later), managed.subscriptions.sweep(later))
    assert (sum(map(len, both)), await managed.total()) == (5, 0)


async def test_two_concurrent_additions_respect_the_limit_of_demos(managed: Fleet) -> None:
    adding = (managed.subscriptions.add(NETWORK, "Demo", DAY, DEMO_LIMIT, NOW) for _ in range(2))
    with reading_before_writing():
        both = await asyncio.gather(*adding, return_exceptions=True)
    assert [type(result) for result in both].count(Invalid) == 1
    assert await managed.stock() == DEMO_LIMIT


async def test_a_grace_passes_its_phases_and_is_deleted(managed: Fleet) -> None:
    device_id = await managed.register("A1")
    phases = {}
    for day in (1, 17, 29, 30, 53, 59, 60):
        changes = await managed.subscriptions.sweep(NOW + day * DAY)
        phases[day] = [change.status for change in changes]
    assert phases == {1: [], 17: ["Suspending"], 29: [], 30: ["Suspended"], 53: ["Suspended"], 59: [], 60: [None]}
    assert await managed.shown(device_id) is None
    assert await managed.having("[Subscription] IS NULL") == [device_id]


async def test_events_say_what_comes_waits_ages_and_expires(managed: Fleet) -> None:
    """Those of one without a device have none; what a device takes at once does not wait."""
    device_id = await managed.register("A1")
    await managed.report(device_id, "A1")
    first, second = await managed.subscriptions.add(NETWORK, "Demo", 10 * DAY, 2, NOW)
    assert [event[:3] for event in await managed.events()] == [
        ("SubscriptionCreated", device_id, "Grace"),
        ("SubscriptionCreated", None, "Demo"),
        ("SubscriptionCreated", None, "Demo"),
        ("SubscriptionQueued", None, "Demo"),
    ]
    assert [event[3]["subscriptionId"] for event in (await managed.events())[1:]] == [first, second, second]
    for day in (10, 32, 33, 34):
        await managed.subscriptions.sweep(NOW + day * DAY)
    aged, expiring = (await managed.events())[4:]
    assert aged[:3] == ("SubscriptionAged", device_id, "Suspended")
    assert expiring[:3] == ("SubscriptionExpiring", device_id, "Demo")
    assert expiring[3]["expirationDate"] == datetime.format(NOW + 40 * DAY)
    assert len(await managed.trail()) == 6  # the announcement is no change
    await managed.delete(device_id, NOW + 35 * DAY)
    assert (await managed.events())[-1][0::3] == ("SubscriptionQueued", {"type": "Demo", "subscriptionId": first})


async def test_a_server_that_was_down_announces_late_or_not_at_all(managed: Fleet) -> None:
    for serial in ("A1", "A2"):
        await managed.register(serial)
    await managed.subscriptions.sweep(NOW + 55 * DAY)
    kinds = [event[0] for event in await managed.events()]
    assert kinds == ["SubscriptionCreated"] * 2 + ["SubscriptionAged", "SubscriptionExpiring"] * 2
    await managed.register("A3", NOW)
    await managed.subscriptions.sweep(NOW + 61 * DAY)
    assert [event[0] for event in await managed.events()][7:] == ["SubscriptionAged"] * 3


async def test_subscriptions_without_end_are_no_news(unlimited: Fleet) -> None:
    await unlimited.register("A1")
    assert await unlimited.events() == []


async def test_changes_by_players_and_by_time_are_in_the_audit_trail(managed: Fleet) -> None:
    [added] = await managed.subscriptions.add(NETWORK, "Demo", 10 * DAY, 1, NOW)
    first = await managed.register("A1")
    grace = (await managed.shown(first))["id"]
    await managed.report(first, "A1", NOW + DAY)
    await managed.subscriptions.sweep(NOW + 12 * DAY)
    assert await managed.trail() == [
        ("Create", added, None),
        ("Create", grace, "A1"),
        ("Delete", grace, "A1"),
        ("Update", added, "A1"),
        ("Update", added, "A1"),
    ]
    await managed.subscriptions.sweep(NOW + 100 * DAY)
    assert (await managed.trail())[-1] == ("Delete", added, "A1")


async def test_the_end_of_a_grace_with_its_device_is_in_the_audit_trail(managed: Fleet) -> None:
    device_id = await managed.register("A1")
    grace = (await managed.shown(device_id))["id"]
    await managed.delete(device_id)
    assert await managed.trail() == [("Create", grace, "A1"), ("Delete", grace, "A1")]


async def test_a_suspended_subscription_shows_its_suspension_date(managed: Fleet) -> None:
    device_id = await managed.register("A1")
    await managed.subscriptions.sweep(NOW + GRACE_PERIOD + DAY)
    shown = await managed.shown(device_id)
    assert (shown["status"], shown["suspensionDate"]) == ("Suspended", datetime.format(NOW + GRACE_PERIOD))
    assert await managed.having("[Subscription].[Status] IS 'Suspended'") == [device_id]


async def test_a_device_whose_subscription_expires_gets_the_next_of_the_stock(managed: Fleet) -> None:
    device_id = await managed.register("A1")
    await managed.subscriptions.add(NETWORK, "Commercial", YEAR, 1, NOW)
    await managed.subscriptions.sweep(NOW + 60 * DAY)
    assert (await managed.shown(device_id))["type"] == "Commercial"


async def test_a_sweep_updates_more_than_one_batch(managed: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signfleet.fleet.subscriptions.store.BATCH", 1)
    for number in range(3):
        await managed.register(f"A{number}")
    assert len(await managed.subscriptions.sweep(NOW + 20 * DAY)) == 3


@pytest.mark.parametrize(
    ("type_", "period", "count", "field"),
    [
        ("Commercial", YEAR, 0, "'count'"),
        ("Commercial", YEAR, 10_001, "'count'"),
        ("Demo", YEAR, 5, "'count'"),
        ("Grace", YEAR, 1, "'type'"),
        ("Commercial", 0, 1, "'activityPeriod'"),
    ],
)
async def test_a_refused_addition_names_the_field(
    managed: Fleet, type_: Any, period: int, count: int, field: str
) -> None:
    with pytest.raises(Invalid, match=field):
        await managed.subscriptions.add(NETWORK, type_, period, count, NOW)


async def test_unlimited_adds_missing_subscriptions(
    managed: Fleet, unlimited: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.fleet.subscriptions.store.WINDOW", 3)
    monkeypatch.setattr("signfleet.fleet.subscriptions.store.INSERTED_AT_ONCE", 2)
    ids = await register(managed.store, NETWORK, [f"A{number}" for number in range(8)], now=NOW)
    [elsewhere] = await register(managed.store, NETWORK + 1, ["B1"], now=NOW)
    graced = await managed.register("C1")
    assert await managed.subscriptions.add_missing(NOW) == 0
    assert await unlimited.subscriptions.add_missing(NOW) == 9
    kinds = {row.device_id: (row.type, row.expiration_date) for row in await all_subscriptions(unlimited.store)}
    assert kinds.pop(graced)[0] == "Grace"
    assert kinds == dict.fromkeys([*ids, elsewhere], ("Commercial", None))
    assert (await unlimited.shown(ids[0]))["device"] == {"id": ids[0], "serial": "A0"}
    assert await unlimited.having("[Subscription].[Type] IS 'Commercial'") == ids
    assert await unlimited.total() == 9
    monkeypatch.delattr("signfleet.fleet.subscriptions.store.DEVICES_AND_SUBSCRIPTIONS")  # no device is read now
    assert await unlimited.subscriptions.add_missing(NOW) == 0


async def test_other_tasks_run_while_a_fleet_is_searched_for_missing_subscriptions(
    unlimited: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signfleet.fleet.subscriptions.store.WINDOW", 2)
    await register(unlimited.store, NETWORK, [f"A{number}" for number in range(10)], now=NOW)
    await unlimited.subscriptions.add_missing(NOW)
    # By a wrong counter it looks again, and finds nothing to write: it only reads, which on SQLite awaits nothing.
    await unlimited.store.write(lambda tx: counters.add(tx, NETWORK, "Device", 1))
    search = asyncio.create_task(unlimited.subscriptions.add_missing(NOW))
    turns = 0
    while not search.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5


async def test_concurrent_runs_add_one_per_device_while_devices_join_and_are_deleted(unlimited: Fleet) -> None:
    ids = await register(unlimited.store, NETWORK, [f"A{number}" for number in range(4)], now=NOW)

    async def join(tx: Transaction) -> None:
        device = NewDevice(serial="B1", model="XT1145", name="B1", group_id=1, group_name="Default")
        device_id = await create(tx, NETWORK, device, NOW)
        await unlimited.subscriptions.on_registration(tx, NETWORK, device_id, "B1", NOW)

    with reading_before_writing(4):
        both = await asyncio.gather(
            unlimited.subscriptions.add_missing(NOW),
            unlimited.subscriptions.add_missing(NOW),
            unlimited.store.write(join),
            unlimited.delete(ids[0]),
        )
    rows = await all_subscriptions(unlimited.store)
    assert len({row.device_id for row in rows}) == len(rows) == 4 == await unlimited.total()
    assert ids[0] not in {row.device_id for row in rows}
    assert sum(both[:2]) in (3, 4)


async def test_unlimited_replaces_an_expired_subscription(managed: Fleet, unlimited: Fleet) -> None:
    device_id = await managed.register("A1")
    await unlimited.subscriptions.sweep(NOW + GRACE_PERIOD + SUSPENDED_PERIOD)
    shown = await unlimited.shown(device_id)
    assert (shown["type"], shown["status"], shown["expirationDate"]) == ("Commercial", "Active", None)
    assert await unlimited.total() == 1


async def all_subscriptions(store: Store) -> list[Any]:
    return await store.all(Query(select(subscription).order_by(subscription.c.id)))
