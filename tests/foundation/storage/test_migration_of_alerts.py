"""Alerts of older versions, of which each rule opened its own: one live alert of each cause remains, with all rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.foundation.storage.test_migration_of_people import upgrade_to

BEFORE, AFTER = "0036", "0037"
DARK, FULL = "last report 2026-03-01T09:30:00Z", "health Error: storageFull"
#: Id, rule, device, state and reason of each.
ALERTS = [
    (1, 1, 7, "open", DARK),
    (2, 2, 7, "acknowledged", DARK),
    (3, 3, 7, "pending", DARK),
    (4, 1, 7, "resolved", DARK),
    (5, 4, 7, "open", FULL),
    (6, 6, 7, "open", "ErrorReported: diskError"),
    (7, 5, 0, "muted", "DuplicateSerial"),
    (8, 5, 8, "open", "health Normal"),
]


def fill(connection: Connection) -> None:
    columns = "network_id, since_date, last_date, count, id, rule_id, rule_name, device_id, state, reason, resolve_date"
    values = "1, 10, 20, 1, :id, :rule, :name, :device, :state, :reason, :resolved"
    connection.execute(
        text(f"INSERT INTO alert ({columns}) VALUES ({values})"),
        [
            {"id": id_, "rule": rule, "name": f"R{rule}", "device": device, "state": state, "reason": reason}
            | {"resolved": 20 if state == "resolved" else None}
            for id_, rule, device, state, reason in ALERTS
        ],
    )
    notice = (
        "INSERT INTO notice (network_id, id, topic, rule_id, device_id, reason, date) VALUES (1, {}, {}, {}, 7, {}, 1)"
    )
    connection.execute(text(notice.format(1, "'opened'", 2, f"'{DARK}'")))
    connection.execute(text(notice.format(2, "'subscriptionCreated'", 0, "'Demo'")))


def migrated(connection: Connection) -> None:
    upgrade_to(connection, BEFORE)
    fill(connection)
    upgrade_to(connection, AFTER)
    columns = "id, state, cause, cause_data, CAST(rules AS TEXT) AS rules, resolve_date"
    rows: list[Any] = list(connection.execute(text(f"SELECT {columns} FROM alert ORDER BY id")))
    found = {row.id: row for row in rows}
    assert {id_: (row.state, row.cause) for id_, row in found.items()} == {
        1: ("resolved", "contact"),
        2: ("acknowledged", "contact"),
        4: ("resolved", "contact"),
        5: ("open", "storage"),
        6: ("open", "error"),
        7: ("muted", "DuplicateSerial"),
        8: ("open", "normal"),
    }
    assert found[1].resolve_date == 20
    both = [{"id": 2, "name": "R2"}, {"id": 1, "name": "R1"}]
    assert json.loads(found[2].rules) == {"ruleIds": [2, 1], "rules": both}
    data = {id_: json.loads(row.cause_data) for id_, row in found.items()}
    assert data[2] == {"kind": "contact", "code": "silent", "subject": None, "date": "2026-03-01T09:30:00Z"}
    assert data[5] == {"kind": "storage", "code": "storageFull", "subject": None, "date": None}
    assert data[6] == {"kind": "error", "code": "deviceError", "subject": "diskError", "date": None}
    notices = list(connection.execute(text("SELECT cause, rules, earlier FROM notice ORDER BY id")))
    assert [tuple(row) for row in notices] == [("contact", "[2]", "[]"), ("", "[]", "[]")]


def test_alerts_are_joined_on_sqlite(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path / 'store.db'}").begin() as connection:
        migrated(connection)


async def test_alerts_are_joined_on_postgresql(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(migrated)
    await engine.dispose()
