"""Changes of older versions: a job that ran before the upgrade can be undone after it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from signfleet.foundation.storage.migrations.versions import __path__ as versions
from signfleet.foundation.storage.sqlite import SqliteStore
from signfleet.identity.jobs.store import CHANGES_BEFORE
from tests.foundation.storage.test_migration_of_people import upgrade_to

(MIGRATION,) = Path(versions[0]).glob("*_undo_imports.py")
AFTER = '{"/settings/name":"Lobby"}'
BEFORE = f"{int(MIGRATION.name[:4]) - 1:04d}"


async def test_a_job_of_an_older_version_still_knows_which_devices_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade_to(connection, BEFORE)
        for device in (7, 9):
            row = {"network_id": 1, "job_id": 3, "device_id": device, "before": "{}", "after": AFTER}
            names, values = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO job_change ({names}) VALUES ({values})"), row)
        upgrade_to(connection, "head")
    engine.dispose()
    store = SqliteStore(path)
    try:
        rows = await store.all(CHANGES_BEFORE, network_id=1, job_id=3, before_id=2**62, limit=10)
    finally:
        await store.close()
    assert [(row.device_id, row.name, row.after) for row in rows] == [(9, None, AFTER), (7, None, AFTER)]
