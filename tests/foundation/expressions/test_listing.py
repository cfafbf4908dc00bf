"""Pages and counts over both stores."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, update

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.fleet.subscriptions.catalogue import SUBSCRIPTIONS
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Listing, Scope
from signfleet.foundation.expressions.pages import Top
from signfleet.foundation.expressions.parser import parse_sort
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_properties, device_status, screenshot
from signfleet.foundation.wire.text import fold
from tests.foundation.expressions.evaluator import ordered
from tests.foundation.expressions.fleet import device_row, properties_row, put_fleet, random_fleet, status_row

LISTING = Listing(DEVICES)
INSERT = Query(device.insert())
INSERT_STATUS = Query(device_status.insert())
INSERT_PROPERTIES = Query(device_properties.insert())
DELETE = Query(delete(device).where(device.c.network_id == 1, device.c.id == bindparam("which")))
RENAME = Query(
    update(device)
    .where(device.c.network_id == 1, device.c.id == bindparam("which"))
    .values(name_order=bindparam("new_name"))
)
REPORT = Query(
    update(device_status)
    .where(device_status.c.device_id == bindparam("which"))
    .values(status_date=bindparam("new_date"))
)


async def walk(store: Store, listing: Listing, sort: str | None, size: int, **options: Any) -> list[int]:
    order = listing.catalogue.sort(sort)
    seen: list[int] = []
    marker: str | None = None
    while True:
        options["position"] = order.position(marker)
        page = await listing.page(store, 1, sort=order, size=size, **{"filter": None, **options})
        assert len(page.rows) <= size
        seen += page.ids
        marker = page.next_marker
        if marker is None:
            return seen


async def test_a_full_last_page_has_no_next_marker(store: Store) -> None:
    await put_fleet(store, 1, random_fleet(1, 4))
    sort = DEVICES.sort(None)
    first = await LISTING.page(store, 1, filter=None, sort=sort, position=None, size=2)
    second = await LISTING.page(store, 1, filter=None, sort=sort, position=sort.position(first.next_marker), size=2)
    assert first.ids + second.ids == [1, 2, 3, 4]
    assert second.next_marker is None


async def test_a_marker_stays_valid_when_its_row_is_deleted(store: Store) -> None:
    await put_fleet(store, 1, random_fleet(1, 6))
    sort = DEVICES.sort("[Id] DESC")
    page = await LISTING.page(store, 1, filter=None, sort=sort, position=None, size=3)

    async def work(tx: Transaction) -> None:
        await tx.execute(DELETE, which=4)

    await store.write(work)
    rest = await LISTING.page(store, 1, filter=None, sort=sort, position=sort.position(page.next_marker), size=3)
    assert rest.ids == [3, 2, 1]


@pytest.mark.parametrize(
    "tag", ["string::<City>", "number::<Floor>", "boolean::<Outdoor>", "dateTime::<Installed>", "timeSpan::<Dwell>"]
)
async def test_pages_sorted_by_a_tag_of_any_type_lead_to_the_end(store: Store, tag: str) -> None:
    fleet = random_fleet(1, 12)
    fleet[3]["tags"]["number::[Device].<Floor>"] = "12345678901234567890123"  # beyond what a filter may name
    await put_fleet(store, 1, fleet)
    for sort in (f"{tag} ASC", f"{tag} DESC"):
        keys, _ = parse_sort(sort)
        expected = [document["id"] for document in ordered(DEVICES, keys, fleet)]
        assert await walk(store, LISTING, sort, 1) == expected, sort


@pytest.mark.parametrize(
    "sort", ["[Name] ASC", "[Status].[LastModifiedDate] DESC", "[Status].[LastModifiedDate]", "[Description]"]
)
async def test_paging_visits_unchanged_devices_once_during_other_changes(store: Store, sort: str) -> None:
    fleet = random_fleet(1, 60)
    newcomers = {document["id"]: document for document in random_fleet(2, 120) if document["id"] > 60}
    await put_fleet(store, 1, fleet)
    dice = random.Random(7)
    touched: set[int] = set()
    order = DEVICES.sort(sort)
    seen: list[int] = []
    marker: str | None = ""

    async def disturb(tx: Transaction) -> None:
        victim, moved = dice.sample(range(1, 61), 2)
        touched.update((victim, moved))
        await tx.execute(DELETE, which=victim)
        date = dice.choice([None, 5, 1_900_000_000_000])
        await tx.execute(RENAME, which=moved, new_name=dice.choice(["", "m", "\U0010ffff"]))
        await tx.execute(REPORT, which=moved, new_date=date)
        number, newcomer = newcomers.popitem()
        touched.add(number)
        await tx.execute(INSERT, **device_row(1, newcomer))
        await tx.execute(INSERT_STATUS, **status_row(1, newcomer))
        await tx.execute(INSERT_PROPERTIES, **properties_row(1, newcomer))

    while marker is not None:
        page = await LISTING.page(store, 1, filter=None, sort=order, position=order.position(marker), size=5)
        seen += page.ids
        marker = page.next_marker
        await store.write(disturb)
    untouched = set(range(1, 61)) - touched
    assert untouched
    assert sorted(id for id in seen if id in untouched) == sorted(untouched)


async def test_other_networks_and_what_the_scope_hides_stay_unseen(store: Store) -> None:
    fleet = random_fleet(1, 8)
    await put_fleet(store, 1, fleet)
    await put_fleet(
        store, 2, [document | {"id": document["id"] + 8, "serial": f"X{document['id']}"} for document in fleet]
    )
    condition = device.c.id % 2 == bindparam("rest", type_=device.c.id.type)
    odd, even = (Scope("by rest", (condition,), {"rest": rest}) for rest in (1, 0))
    filter = DEVICES.filter("[Id] IS LESS THAN 6 OR [Id] IS 10 OR <City> IS NULL AND [Id] IS NULL")
    assert await walk(store, LISTING, None, 2, filter=filter, scope=odd) == [1, 3, 5]
    assert await LISTING.count(store, 1, filter=filter, scope=even) == 2
    assert await LISTING.ids(store, 2, filter=filter, scope=even) == [10]


async def test_a_list_can_be_read_inside_a_unit_of_work(store: Store) -> None:
    await put_fleet(store, 1, random_fleet(1, 3))

    async def work(tx: Transaction) -> list[int]:
        await tx.execute(DELETE, which=2)
        return await LISTING.ids(tx, 1, filter=DEVICES.filter("[Id] IS GREATER THAN 0"))

    assert await store.write(work) == [1, 3]


async def test_a_marker_without_a_sort_value_continues_after_nulls(store: Store) -> None:
    await put_fleet(store, 1, random_fleet(1, 3))
    for sort, expected in (("[Id] ASC", [3]), ("[LastModifiedDate] ASC", [1, 2, 3]), ("[Name] DESC", [])):
        order = DEVICES.sort(sort)
        page = await LISTING.page(store, 1, filter=None, sort=order, position=order.position("LDI="), size=9)
        assert sorted(page.ids) == expected


@pytest.mark.parametrize("marker", ["LDM3MjA2", "MTgyOTYwODM2NCwxODI5NjA4MzY0", "nonsense"])
async def test_a_marker_of_another_sort_is_refused(marker: str) -> None:
    sort = DEVICES.sort("[Status].[LastModifiedDate], [Id] DESC")
    with pytest.raises(Invalid):
        sort.position(marker)


async def test_numbers_out_of_range_match_no_row(store: Store) -> None:
    await put_screenshots(store, [("A", 1)])
    listing = Listing(SCREENSHOTS)
    for text in (
        "[Width] IS 9007199254740991",
        "[Width] IS GREATER THAN 3000000000",
        "[Id] IS LESS THAN -9007199254740991",
    ):
        assert await listing.ids(store, 1, filter=SCREENSHOTS.filter(text)) == []


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("IS '1970-01-01T00:00:01Z'", [3, 4, 5]),
        ("IS NOT '1970-01-01T00:00:01Z'", [1, 2, 6]),
        ("IS '1970-01-01T00:00:01.5Z'", []),
        ("IS NOT '1970-01-01T00:00:01.5Z'", [1, 2, 3, 4, 5, 6]),
        ("IS IN ('1970-01-01T00:00:01Z', '1969-12-31T23:59:58Z', '1970-01-01T00:00:01.5Z')", [1, 3, 4, 5]),
        ("IS NOT IN ('1970-01-01T00:00:02Z', '1969-12-31T23:59:59Z')", [1, 3, 4, 5]),
        ("IS AFTER '1970-01-01T00:00:01Z'", [6]),
        ("IS AFTER '1970-01-01T00:00:00.5Z'", [3, 4, 5, 6]),
        ("IS BEFORE '1970-01-01T00:00:01Z'", [1, 2]),
        ("IS BEFORE '1970-01-01T00:00:01.5Z'", [1, 2, 3, 4, 5]),
        ("IS IN THE RANGE '1969-12-31T23:59:59Z' AND '1970-01-01T00:00:01Z'", [2, 3, 4, 5]),
        ("IS NOT IN THE RANGE '1969-12-31T23:59:59Z' AND '1970-01-01T00:00:01Z'", [1, 6]),
        ("IN THE LAST (days, 0, '1970-01-01T00:00:01Z')", [3, 4, 5]),
    ],
)
async def test_a_point_in_time_that_is_shown_to_the_second_compares_as_shown(
    store: Store, filter: str, expected: list[int]
) -> None:
    await put_screenshots(store, [("A", moment) for moment in (-1001, -1, 1000, 1001, 1999, 2000)])
    listing = Listing(SCREENSHOTS)
    found = SCREENSHOTS.filter(f"[UTCTimestamp] {filter}")
    assert await listing.ids(store, 1, filter=found) == expected
    grouping = SCREENSHOTS.grouping("[UTCTimestamp]")
    assert await walk(store, listing, None, 2, top=Top(1, grouping)) == [6, 5, 2, 1]


async def put_screenshots(store: Store, shots: list[tuple[str, int]]) -> None:
    """Screenshots with ids from 1, each of a serial and a moment."""
    rows = [
        {column.name: None if column.nullable else 0 for column in screenshot.columns}
        | {"network_id": 1, "id": id, "serial": serial, "serial_key": fold(serial), "utc_timestamp": moment}
        | {"blob": "", "thumbnail": "", "grid": None, "look": None}
        for id, (serial, moment) in enumerate(shots, 1)
    ]

    async def work(tx: Transaction) -> None:
        await tx.execute_many(Query(screenshot.insert()), rows)

    await store.write(work)


async def test_a_projection_returns_the_first_of_each_group(store: Store) -> None:
    await put_screenshots(store, [("A", 10), ("B", 20), ("a", 30), ("A", 40), ("B", 50), ("C", 60)])
    listing = Listing(SCREENSHOTS)
    top = Top(2, SCREENSHOTS.grouping("[Serial]"))
    assert await walk(store, listing, "[Id] ASC", 2, top=top) == [1, 2, 3, 5, 6]
    assert await walk(store, listing, None, 2, top=top) == [6, 5, 4, 3, 2]
    assert await listing.count(store, 1, filter=None, top=top) == 5
    filter = SCREENSHOTS.filter("[Serial] IS 'a'")
    assert await walk(store, listing, None, 2, top=top, filter=filter) == [4, 3]
    assert await listing.count(store, 1, filter=filter, top=top) == 2


async def test_the_statement_of_a_grouping_is_compiled_once(store: Store) -> None:
    listing = Listing(SCREENSHOTS)
    for _ in range(2):
        for grouping in ("[Serial]", "[UTCTimestamp]"):
            await listing.count(store, 1, filter=None, top=Top(1, SCREENSHOTS.grouping(grouping)))
    assert len(listing._queries) == 2


async def test_a_projection_without_a_grouping_returns_the_first_of_all(store: Store) -> None:
    await put_screenshots(store, [("A", 10), ("B", 20), ("C", 30)])
    listing = Listing(SCREENSHOTS)
    assert await walk(store, listing, None, 1, top=Top(2)) == [3, 2]
    assert await listing.count(store, 1, filter=None, top=Top(2)) == 2
    assert await listing.count(store, 1, filter=SCREENSHOTS.filter("[Id] IS 99"), top=Top(2)) == 0


async def test_the_largest_expressions_are_answered(store: Store) -> None:
    await put_fleet(store, 1, random_fleet(1, 3))
    texts = [
        " OR ".join(["<a> IS NOT 1"] * 25 + ["[Id] IS 2"] * 175),
        " OR ".join([f"<a> CONTAINS ALL {tuple('abcdefghij')}"] * 25),
        " AND ".join(["[Settings].[Description] IS NOT 'x'"] * 180),
        f"[Id] IS IN ({','.join(map(str, range(1000)))})",
        "(" * 50 + "[Id] IS 1" + ")" * 50,
        "[Id] IS 1 OR ([Id] IS 2 AND " * 49 + "[Id] IS 3" + ")" * 49,
        f"[Name] IS '{'*a' * 1000}'",
        f"[Name] BEGINS WITH '{'ΐ' * 8000}'",
    ]
    for text in texts:
        assert await LISTING.count(store, 1, filter=DEVICES.filter(text)) <= 3, text[:40]


async def test_a_subscription_without_a_device_sorts_first(store: Store) -> None:
    listing = Listing(SUBSCRIPTIONS)
    assert await walk(store, listing, "[Device].[Serial] ASC", 1) == []
