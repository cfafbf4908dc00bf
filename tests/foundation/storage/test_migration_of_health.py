"""Devices of older versions: their health has a date and, when the first sweep has run, its reason."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from signfleet.fleet.health.sweep import HealthSweep
from signfleet.foundation.storage.migrations.versions import __path__ as versions
from signfleet.foundation.storage.sqlite import SqliteStore
from signfleet.foundation.wire.timespan import MINUTE
from tests.foundation.storage.test_migration_of_people import upgrade_to

(MIGRATION,) = Path(versions[0]).glob("*_explain_health.py")
BEFORE = f"{int(MIGRATION.name[:4]) - 1:04d}"
NOW = 1_900_000_000_000
#: Health and, in minutes, how long ago the last report was when the older version stopped.
DEVICES = {"Normal": 2, "Warning": 12, "Error": 90, "Unknown": None}
STOPPED = NOW - 60 * MINUTE


def fill(connection: Connection) -> None:
    columns = dict.fromkeys(
        ("registration_date", "last_modified_date", "version", "changed_date", "report_sequence"), 7
    )
    columns |= dict.fromkeys(("serial", "model", "model_key", "family", "name_key", "name_order"), "x")
    for number, (health, minutes) in enumerate(DEVICES.items(), 1):
        row = columns | {"network_id": 1, "id": number, "serial_key": health, "group_id": 1, "health": health}
        row["status_date"] = None if minutes is None else STOPPED - minutes * MINUTE
        names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO device ({names}) VALUES ({values})"), row)
        document = {"network_id": 1, "device_id": number, "identity": "", "settings": "{}", "tagged_groups": "[]"}
        document |= {"tags": "{}", "permissions": "[]"}
        if minutes is not None:
            document |= {"status": '{"uptime":null', "status_end": f',"health":"{health}","lastModifiedDate":null}}'}
        names, values = ", ".join(document), ", ".join(f":{name}" for name in document)
        connection.execute(text(f"INSERT INTO device_document ({names}) VALUES ({values})"), document)


async def test_the_first_sweep_finds_reasons_and_counts_the_upgrade_as_an_outage(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade_to(connection, BEFORE)
        fill(connection)
        upgrade_to(connection, "head")
    engine.dispose()
    store = SqliteStore(path)
    try:
        await HealthSweep(store).run(NOW)
    finally:
        await store.close()
    with engine.connect() as connection:
        found = connection.execute(text("SELECT serial_key, health, health_reason, health_since FROM device")).all()
    engine.dispose()
    reported = {health: STOPPED - minutes * MINUTE for health, minutes in DEVICES.items() if minutes is not None}
    assert {row[0]: tuple(row[1:]) for row in found} == {
        "Normal": ("Normal", None, reported["Normal"]),
        "Warning": ("Warning", "silent", reported["Warning"]),
        "Error": ("Error", "silent", reported["Error"]),
        "Unknown": ("Unknown", "neverReported", 7),
    }
