"""Lists sorted by a name, as clients see them: the order of `wire.collation`, page by page, in both stores."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.groups.catalogue import GROUPS
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.listing import EVERYTHING, Listing
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device
from signfleet.foundation.wire.collation import order_key
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.rules import Rule
from signfleet.identity.access.visibility import scope_of
from tests.fleet.devices.stored import register
from tests.foundation.expressions.fleet import device_row, random_fleet

NAMES = ["Ebene", "Écran", "Fenster", "Screen 2", "Screen 10", "Zug"]
SHUFFLED = ["Screen 10", "Zug", "Écran", "Screen 2", "Ebene", "Fenster"]
LISTING = Listing(DEVICES)
INSERT = Query(device.insert())
EMPTY = Query(device.delete())


@pytest.fixture
async def devices(services: Services, network: Tenant) -> None:
    for number, name in enumerate(SHUFFLED):
        await register(services.store, network.network_id, [f"S{number}"], name=name)


async def in_order(client: AsyncClient, path: str, sort: str | None, member: str = "") -> list[Any]:
    """The names along the pages of a list, two items a page."""
    seen: list[Any] = []
    marker: str | None = ""
    while marker is not None:
        query = {"pageSize": "2", "marker": marker} | ({} if sort is None else {"sort": sort})
        page = (await client.get(path, params=query)).json()
        seen += [item[member]["name"] if member else item.get("name", item.get("roleName")) for item in page["items"]]
        marker = page["nextMarker"]
    return seen


@pytest.mark.usefixtures("devices")
@pytest.mark.parametrize(("sort", "wanted"), [("[Settings].[Name] ASC", NAMES), ("[Name] DESC", NAMES[::-1])])
async def test_devices_come_in_the_order_of_their_names(admin: AsyncClient, sort: str, wanted: list[str]) -> None:
    assert await in_order(admin, "/Devices/", sort, "settings") == wanted


@pytest.mark.usefixtures("devices")
async def test_a_renamed_device_moves_to_its_position(admin: AsyncClient) -> None:
    changed = {"settings": {"name": "Erker"}}
    assert (await admin.put("/Devices/S1/", content=json.dumps(changed))).status_code == 204
    assert await in_order(admin, "/Devices/", "[Name]", "settings") == [*NAMES[:2], "Erker", *NAMES[2:-1]]


@pytest.mark.usefixtures("devices")
async def test_filters_compare_as_before(admin: AsyncClient) -> None:
    for filter_, count in [
        ("[Name] IS 'ecran'", 0),
        ("[Name] IS 'ÉCRAN'", 1),
        ("[Name] BEGINS WITH 'e'", 1),
        ("[Name] BEGINS WITH 'screen '", 2),
    ]:
        assert (await admin.get("/Devices/Count/", params={"filter": filter_})).json() == count, filter_


async def test_groups_come_by_name_and_devices_by_their_group_also_when_it_is_renamed(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    for number, name in enumerate(SHUFFLED):
        group = (await admin.post("/Groups/Regular/", json={"name": name})).json()
        known = {"group_id": group["id"], "group_name": name, "name": name}
        await register(services.store, network.network_id, [f"S{number}"], **known)
    assert await in_order(admin, "/Groups/Regular/", None) == ["Default", *NAMES]
    sort = "[Settings].[Group].[Name]"
    assert await in_order(admin, "/Devices/", sort, "settings") == NAMES
    assert (await admin.put("/Groups/Regular/Zug/", json={"name": "Ebene 1"})).status_code == 204
    assert await in_order(admin, "/Devices/", sort, "settings") == ["Ebene", "Zug", *NAMES[1:-1]]
    assert await in_order(admin, "/Groups/Regular/", "[Name]") == ["Default", "Ebene", "Ebene 1", *NAMES[1:-1]]


@pytest.mark.usefixtures("devices")
async def test_tags_sort_and_are_listed_in_this_order(admin: AsyncClient) -> None:
    for number, name in enumerate(SHUFFLED):
        await admin.post(f"/Devices/S{number}/Tags/", json={"string::[Device].<City>": name})
    assert await in_order(admin, "/Devices/", "<City>", "settings") == NAMES
    found = await admin.get("/Tags/Values/", params={"pattern": "string::[Device].<City>:*"})
    assert found.json() == NAMES
    for number, name in enumerate(SHUFFLED):
        await admin.post("/Devices/S0/Tags/", json={f"number::[Device].<{name}>": str(number)})
    found = await admin.get("/Tags/Keys/", params={"pattern": "number::[Device].<*>"})
    assert found.json() == [f"number::[Device].<{name}>" for name in NAMES]


@pytest.mark.parametrize("catalogue", [DEVICES, GROUPS])
@pytest.mark.parametrize("sort", ["[Name] ASC", "[Name] DESC"])
def test_an_index_has_the_order_of_names(migrated_sqlite: Path, catalogue: Catalogue, sort: str) -> None:
    text = Listing(catalogue).statement(None, catalogue.sort(sort)).prepared("sqlite").text
    with sqlite3.connect(migrated_sqlite) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?")).fetchall()
    [step] = [detail for *_, detail in plan]
    assert "USING COVERING INDEX" in step
    assert "name_order" in step


@pytest.mark.parametrize("sort", ["[Settings].[Name] ASC", "[LastModifiedDate] DESC"])
def test_devices_that_a_user_may_see_one_by_one_are_sorted_in_an_index(migrated_sqlite: Path, sort: str) -> None:
    allowed = Rule(VIEW_DEVICE.uid, is_for_user=True, is_allowed=True, is_for_instance=True)
    scope = scope_of((), (allowed,), VIEW_DEVICE, device.c.id, user_id=1, role_id=None)
    order = DEVICES.sort(sort)
    marker = order.position(order.marker(("lobby" if "Name" in sort else 5, 7)))
    with sqlite3.connect(migrated_sqlite) as connection:
        for part in (*order.parts(None), *order.parts(marker)):
            text = Listing(DEVICES)._page_query(None, order, part, scope, None).prepared("sqlite").text
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?")).fetchall()
            steps = [detail for *_, detail in plan]
            assert any("device USING COVERING INDEX ix_device_sorted (network_id=? AND id=?" in step for step in steps)
            assert not any("MATERIALIZE" in step for step in steps)


def test_postgresql_finds_the_devices_that_a_user_may_see_before_it_sorts() -> None:
    """It would rather look for a permission for each device in the order of the page: 100 ms with 100,000 devices."""
    allowed = Rule(VIEW_DEVICE.uid, is_for_user=True, is_allowed=True, is_for_instance=True)
    scope = scope_of((), (allowed,), VIEW_DEVICE, device.c.id, user_id=1, role_id=None)
    for sort, found_first in (("[Settings].[Name] ASC", True), ("[LastModifiedDate] DESC", True), ("[Id] ASC", False)):
        text = Listing(DEVICES).statement(None, DEVICES.sort(sort), scope).prepared("postgresql").text
        assert ("AS MATERIALIZED" in text) is found_first, sort


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_an_index_has_the_order_of_the_last_reports(migrated_sqlite: Path, direction: str) -> None:
    """The date is in another table than the id; the ids of devices that have reported alike are in its index too."""
    sort = DEVICES.sort(f"[Status].[LastModifiedDate] {direction}")
    with sqlite3.connect(migrated_sqlite) as connection:
        for part in sort.parts(None):
            text = Listing(DEVICES)._page_query(None, sort, part, EVERYTHING, None).prepared("sqlite").text
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?")).fetchall()
            first, *_ = steps = [detail for *_, detail in plan]
            assert "COVERING INDEX ix_device_status_date" in first
            assert not any("TEMP B-TREE" in step for step in steps)


_names = st.lists(
    st.one_of(
        st.sampled_from([*NAMES, "ecran", "Screen 02", "Straße", "strasse", ""]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
        st.text('aAäeéE012 -,"й漢が', max_size=5),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(names=_names, size=st.integers(1, 4), descending=st.booleans())
async def test_pages_together_are_the_sorted_list(store: Store, names: list[str], size: int, descending: bool) -> None:
    fleet = random_fleet(1, len(names))
    for document, name in zip(fleet, names, strict=True):
        document["settings"]["name"] = name
    await store.write(lambda tx: tx.execute(EMPTY))
    await store.write(lambda tx: tx.execute_many(INSERT, [device_row(1, document) for document in fleet]))
    sort = DEVICES.sort("[Name] DESC" if descending else "[Name]")
    seen: list[int] = []
    marker: str | None = ""
    while marker is not None:
        page = await LISTING.page(store, 1, filter=None, sort=sort, position=sort.position(marker), size=size)
        seen += page.ids
        marker = page.next_marker
    numbered = ((order_key(name), number) for number, name in enumerate(names, 1))
    assert seen == [number for _, number in sorted(numbered, reverse=descending)]
