"""Names of older versions: after the upgrade they sort as if they had been written by the new one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.storage.migrations.versions import __path__ as versions
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold
from tests.foundation.storage.test_migration_of_people import upgrade_to

BEFORE = "0016"
NAMES = ["Écran", "Screen 10", "Screen 2", "Zug", *(f"Hall {number}" for number in range(1100))]
FLAT = {"settings.group.name": "größe 2", "status.firmware.version": "9.0.15", "settings.lws": True}


def fill(connection: Connection) -> None:
    for table, others in (
        ("device", {"serial": "x", "model": "x", "model_key": "x", "family": "x", "health": "x", "group_id": 1}),
        ("device_group", {"name": "x", "creation_date": 0}),
    ):
        dates = {"last_modified_date": 0}
        if table == "device":
            dates |= dict.fromkeys(("registration_date", "version", "changed_date", "report_sequence"), 0)
        columns = {**others, **dates, "network_id": 1}
        rows = [columns | {"id": number, "name_key": fold(name)} for number, name in enumerate(NAMES, 1)]
        if table == "device":
            rows = [row | {"serial_key": str(row["id"])} for row in rows]
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), rows)
    cast = "CAST(:flat AS JSONB)" if connection.dialect.name == "postgresql" else ":flat"
    connection.execute(
        text(f"INSERT INTO device_properties (network_id, device_id, properties) VALUES (1, 1, {cast})"),
        {"flat": json.dumps(FLAT)},
    )
    tag = "INSERT INTO device_tag (network_id, device_id, tag_id, value, value_key) VALUES (1, :id, 1, :value, :key)"
    connection.execute(
        text(tag), [{"id": 1, "value": "Óbidos 2", "key": "óbidos 2"}, {"id": 2, "value": "[]", "key": None}]
    )


def migrated(connection: Connection) -> None:
    upgrade_to(connection, BEFORE)
    fill(connection)
    upgrade_to(connection, "0017")
    for table in ("device", "device_group"):
        found: list[Any] = list(connection.execute(text(f"SELECT name_order FROM {table} ORDER BY id")).scalars())
        assert found == [order_key(name) for name in NAMES]
        assert len(set(found)) == len(NAMES)
    flat = json.loads(connection.execute(text("SELECT CAST(properties AS TEXT) FROM device_properties")).scalar_one())
    assert flat == FLAT | {
        "settings.group.name.order": order_key("größe 2"),
        "status.firmware.version.order": order_key("9.0.15"),
    }
    tags = connection.execute(text("SELECT value_order FROM device_tag ORDER BY device_id")).scalars()
    assert list(tags) == [order_key("Óbidos 2"), None]


def test_names_sort_on_sqlite(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'store.db'}").begin() as connection:
        migrated(connection)


async def test_names_sort_on_postgresql(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(migrated)
    await engine.dispose()


def test_the_migration_covers_every_name_that_devices_sort_by() -> None:
    (source,) = Path(next(iter(versions))).glob("0017_*.py")
    assert all(f'"{path}"' in source.read_text() for path in DEVICES.columns.ordered)
