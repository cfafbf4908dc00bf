"""Devices of older versions: after the upgrade they answer, filter and report as if the new one had written them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.foundation.storage.test_migration_of_people import upgrade_to

BEFORE = "0027"
#: More than one batch of the migration.
QUIET = range(2, 1102)
STATUS = '{"uptime":"00:05:00","firmware":{"version":"9.0.1"}'
END = ',"health":"Warning","lastModifiedDate":"2026-01-02T03:04:05Z"}'
REPORTED = {"report_sequence": 7, "status_date": 5000, "health_due_date": 6000, "changed_date": 5002}
FLAT = {"settings.lws": True, "subscription": None, "status.uptime": 300000, "status.script": None}


def fill(connection: Connection) -> list[str]:
    """Inserts a device that has reported and others that have not; returns their documents."""
    rows: dict[str, list[dict[str, Any]]] = {"device": [], "device_document": [], "device_properties": []}
    for id_ in (1, *QUIET):
        reported = id_ == 1
        device = dict.fromkeys(("network_id", "group_id", "registration_date", "last_modified_date", "version"), 1)
        device |= REPORTED if reported else dict.fromkeys(REPORTED) | {"report_sequence": 0, "changed_date": 1}
        texts = dict.fromkeys(("serial", "serial_key", "model", "model_key", "family", "name_key", "health"), f"S{id_}")
        rows["device"].append(device | texts | {"id": id_})
        document = {"network_id": 1, "device_id": id_, "identity": f'"id":{id_}', "settings": '{"name":"é"}'}
        document |= {"status": STATUS, "status_end": END} if reported else {"status": None, "status_end": None}
        document |= {"subscription": '{"id":3}' if reported else None}
        rows["device_document"].append(document | {"tagged_groups": "[]", "tags": "{}", "permissions": "[]"})
        flat = json.dumps(FLAT if reported else {"settings.x": "é"})
        rows["device_properties"].append({"network_id": 1, "device_id": id_, "properties": flat})
    for table, inserted in rows.items():
        values = ", ".join(f":{name}" for name in inserted[0])
        if connection.dialect.name == "postgresql":
            values = values.replace(":properties", "CAST(:properties AS JSONB)")
        connection.execute(text(f"INSERT INTO {table} ({', '.join(inserted[0])}) VALUES ({values})"), inserted)
    return list(connection.execute(text("SELECT document FROM device_document ORDER BY device_id")).scalars())


def migrated(connection: Connection) -> None:
    upgrade_to(connection, BEFORE)
    documents = fill(connection)
    upgrade_to(connection, "head")
    joined = "device_document d JOIN device_status s ON s.device_id = d.device_id AND s.network_id = d.network_id"
    spliced = f"SELECT head || coalesce(status, 'null') || tail FROM {joined} ORDER BY d.device_id"
    assert list(connection.execute(text(spliced)).scalars()) == documents
    columns = ", ".join(REPORTED)
    row = connection.execute(text(f"SELECT {columns} FROM device_status WHERE device_id = 1")).one()
    assert row._asdict() == REPORTED
    assert flat(connection, "device_properties", 1) == {"settings.lws": True, "subscription": None}
    assert flat(connection, "device_status", 1) == {"status.uptime": 300000}
    assert {json.dumps(flat(connection, "device_properties", id_)) for id_ in QUIET} == {
        json.dumps({"settings.x": "é"})
    }
    assert flat(connection, "device_status", QUIET[-1]) == {}
    counted = "SELECT sum(total) FROM device_count WHERE \"by\" = 'network'"
    noted = "SELECT coalesce(sum(change), 0) FROM device_count_change"
    total = sum(connection.execute(text(query)).scalar() or 0 for query in (counted, noted))
    assert total == 1 + len(QUIET)


def flat(connection: Connection, table: str, device_id: int) -> Any:
    """Returns the filter properties of a device in a table."""
    query = f"SELECT CAST(properties AS TEXT) FROM {table} WHERE device_id = {device_id}"
    return json.loads(connection.execute(text(query)).scalar_one())


def test_devices_have_their_status_apart_on_sqlite(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'store.db'}").begin() as connection:
        migrated(connection)


async def test_devices_have_their_status_apart_on_postgresql(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(migrated)
    await engine.dispose()
