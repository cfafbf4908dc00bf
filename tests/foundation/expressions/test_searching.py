"""Filters that the search index narrows give the answers that they give without it."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.expressions import listing as listings
from signfleet.foundation.expressions.catalogue import Filter
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.search_index import BATCH, catch_up
from tests.fleet.devices.stored import register
from tests.foundation.expressions.fleet import TEXTS, put_fleet, random_fleet

#: Letters of one to four bytes, those that change when folded, and what LIKE, FTS5 and the language read specially.
LETTERS = "aAbBßéÉe\u0301İiЖждüΣς日本𝒳%_!*?\\\"'()^:-+ \t"
PROPERTIES = ("[Settings].[Name]", "[Settings].[Description]", "[Serial]", "<City>", "<Anon>")


def texts(dice: random.Random, count: int) -> list[str]:
    made = ("".join(dice.choices(LETTERS, k=dice.randrange(1, 14))) for _ in range(count))
    return [*TEXTS, *(text.strip() or "x" for text in made)]


def literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def some_filter(dice: random.Random, pool: list[str]) -> str:
    def piece() -> str:
        text = dice.choice(pool)
        begin = dice.randrange(len(text)) if text else 0
        part = text[begin : begin + (dice.randrange(3, 7) if dice.random() < 0.8 else dice.randrange(1, 3))]
        return part.swapcase() if dice.random() < 0.3 else part

    left = dice.choice(PROPERTIES)
    match dice.randrange(8):
        case 0:
            test = f"{left} {dice.choice(['BEGINS WITH', 'ENDS WITH', 'CONTAINS'])} {literal(piece())}"
        case 1:
            test = f"{left} CONTAINS {dice.choice(['ALL', 'ANY'])} ({literal(piece())}, {literal(piece())})"
        case 2:
            escaped = [part.replace("*", "\\*").replace("?", "\\?") for part in (piece(), piece())]
            test = f"{left} IS {literal('*' + '*'.join(escaped) + dice.choice(['*', '?', '']))}"
        case 3:
            test = f"{left} DOES NOT CONTAIN {literal(piece())}"
        case 4:
            test = f"({left} CONTAINS {literal(piece())} OR [Serial] CONTAINS {literal(piece())})"
        case 5:
            test = f"{left} CONTAINS {literal(piece())} AND {dice.choice(PROPERTIES)} CONTAINS {literal(piece())}"
        case _:
            test = f"{left} CONTAINS {literal(piece())}"
    return test


async def ids(store: Store, found: Filter) -> list[int]:
    return await Listing(DEVICES).ids(store, 1, filter=found)


async def test_answers_are_the_same_with_and_without_the_index(store: Store) -> None:
    dice = random.Random(1913)
    pool = texts(dice, 60)
    devices = random_fleet(5, 90)
    for device in devices:
        device["settings"]["name"] = dice.choice(pool)
        device["settings"]["description"] = dice.choice([None, *pool])
        device["serial"] = f"S{device['id']}{dice.choice(pool)}"
        for key in ("string::[Device].<City>", "string::[Content].<Anon>"):
            if key in device["tags"]:
                device["tags"][key] = dice.choice(pool)
    await put_fleet(store, 1, devices)
    await put_fleet(
        store, 2, [device | {"id": device["id"] + 1000, "serial": f"{device['serial']}!"} for device in devices]
    )
    narrowed = matched = 0
    for turn in range(150):
        if turn == 40:  # until then all devices wait for the index of SQLite
            await catch_up(store)
        text = some_filter(dice, pool)
        found = DEVICES.filter(text)
        assert found is not None
        expected = await ids(store, replace(found, searched=None))
        assert await ids(store, found) == expected, text
        assert await Listing(DEVICES).count(store, 1, filter=found) == len(expected), text
        narrowed += found.searched is not None
        matched += found.searched is not None and bool(expected)
    assert narrowed > 70
    assert matched > 10


@pytest.mark.parametrize(("common", "is_waiting"), [(1, True), (1000, False)])
async def test_the_index_follows_every_change(
    admin: AsyncClient,
    services: Services,
    network: Tenant,
    common: int,
    is_waiting: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Changes over HTTP, which wait for the index of SQLite or not.

    With a sample of one, SQLite reads pages without the index, and counts with it.
    """
    monkeypatch.setattr(listings, "COMMON", common)
    await register(services.store, network.network_id, ["S1", "S2"], name="Entrance", description="first floor")

    async def found(text: str) -> list[str]:
        if not is_waiting:
            await catch_up(services.store)
        answer = (await admin.get("/Devices/", params={"filter": text})).json()
        assert answer["matchingItemCount"] == len(answer["items"])
        return [item["serial"] for item in answer["items"]]

    def changed(**settings: str | None) -> object:
        return admin.put("/Devices/S1/", json={"settings": settings})

    assert await found("[Name] CONTAINS 'TRANC'") == ["S1", "S2"]
    assert await found("[Description] CONTAINS 'st fl'") == ["S1", "S2"]
    await changed(name="Ausgang", description="Über dem Café")
    assert await found("[Name] CONTAINS 'sgan'") == ["S1"]
    assert await found("[Name] CONTAINS 'trance'") == ["S2"]
    assert await found("[Description] CONTAINS 'CAFÉ'") == ["S1"]
    assert await found("[Description] CONTAINS 'floor'") == ["S2"]
    await changed(description=None)
    assert await found("[Description] CONTAINS 'dem'") == []
    for value in ("Одеса", "Lviv"):
        tags = {"string::[Device].<City>": value, "number::[Device].<Floor>": 3}
        assert (await admin.post("/Devices/S1/Tags/", json=tags)).status_code == 204
        assert await found(f"<City> CONTAINS '{value[1:].upper()}'") == ["S1"]
        await admin.request("DELETE", "/Devices/S1/Tags/", json=list(tags))
        assert await found(f"<City> CONTAINS '{value[1:]}'") == []
    assert (await admin.delete("/Devices/S2/")).status_code == 204
    assert await found("[Name] CONTAINS 'trance'") == []


@pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)
async def test_the_index_has_what_devices_have_once_it_has_caught_up(
    admin: AsyncClient, services: Services, network: Tenant, settings: Settings
) -> None:
    """SQLite compares the index with the texts; one that was removed by other texts than it had would be corrupt."""
    store = services.store

    async def check(*waiting: int) -> None:
        with closing(sqlite3.connect(settings.database_url.removeprefix("sqlite:///"))) as connection:
            assert [id_ for (id_,) in connection.execute("SELECT device_id FROM device_search_waiting")] == [*waiting]
            if not waiting:
                connection.execute("INSERT INTO device_search (device_search, rank) VALUES ('integrity-check', 1)")

    async def change(name: str) -> None:
        assert (await admin.put("/Devices/S1/", json={"settings": {"name": name}})).status_code == 204

    serials = [f"S{number}" for number in range(1, BATCH + 3)]
    await register(store, network.network_id, serials, name="Entrance", description="first floor")
    await catch_up(store)
    await check()
    await change("Lobby")
    await change("Hall")
    await change("Entrance")
    await check(1)
    await admin.delete("/Devices/S2/")
    await register(store, network.network_id, ["S999"], name="New", description="short-lived")
    await admin.delete("/Devices/S999/")
    await check(1, 2, len(serials) + 1)
    await catch_up(store)
    await check()


def test_sqlite_starts_from_the_index_in_any_order(migrated_sqlite: Path) -> None:
    for text in ("[Settings].[Name] CONTAINS 'lobby'", "[Description] CONTAINS 'lobby'", "<City> CONTAINS 'odesa'"):
        for sort in ("[Id] ASC", "[Settings].[Name] DESC", "[LastModifiedDate] DESC"):
            prepared = Listing(DEVICES).statement(DEVICES.filter(text), DEVICES.sort(sort)).prepared("sqlite")
            with sqlite3.connect(migrated_sqlite) as connection:
                arguments = [None] * prepared.text.count("?")
                plan = connection.execute(f"EXPLAIN QUERY PLAN {prepared.text}", arguments).fetchall()
            steps = [detail for *_, detail in plan]
            assert any(step.startswith("SCAN device_search VIRTUAL TABLE INDEX") for step in steps), steps
            assert "SEARCH device USING INDEX sqlite_autoindex_device_1 (network_id=? AND id=?)" in [
                step.replace("COVERING ", "") for step in steps
            ], (text, sort, steps)


@pytest.mark.parametrize(
    ("text", "sought"),
    [
        ("kiosk quay lobby 7", '"k q" AND "y l" AND "y 7"'),
        ("reception 7", '"n 7" AND "rec" AND "cep"'),
        ("lobby", None),
    ],
)
def test_a_search_first_reads_what_few_texts_have(text: str, sought: str | None) -> None:
    found = DEVICES.filter(f"[Settings].[Name] CONTAINS '{text}'")
    assert found is not None
    tried = [attempt.searched.sought for attempt in found.attempts if attempt.searched is not None]
    few = [] if sought is None else [f"name_key : (({sought}))"]
    assert tried == [*few, f'name_key : (("{text}"))']
