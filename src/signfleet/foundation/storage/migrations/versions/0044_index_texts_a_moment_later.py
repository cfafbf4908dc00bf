"""Index texts a moment later

SQLite only. It makes an empty table and replaces three triggers, so its time does not depend on how many devices there
are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"

#: The texts of a device that the index has, noted when they first change; without a name the index has none of it.
SQLITE = (
    "DROP TRIGGER device_search_insert",
    "DROP TRIGGER device_search_update",
    "DROP TRIGGER device_search_delete",
    """
CREATE TABLE device_search_waiting (
    device_id INTEGER PRIMARY KEY, name_key TEXT, serial_key TEXT, description_key TEXT, tags_key TEXT
)""",
    """
CREATE TRIGGER device_search_insert AFTER INSERT ON device_text BEGIN
    INSERT INTO device_search_waiting (device_id) VALUES (new.device_id) ON CONFLICT DO NOTHING;
END""",
    """
CREATE TRIGGER device_search_update AFTER UPDATE ON device_text
WHEN old.name_key <> new.name_key OR old.serial_key <> new.serial_key
    OR old.description_key IS NOT new.description_key OR old.tags_key IS NOT new.tags_key BEGIN
    INSERT INTO device_search_waiting (device_id, name_key, serial_key, description_key, tags_key)
    VALUES (old.device_id, old.name_key, old.serial_key, old.description_key, old.tags_key) ON CONFLICT DO NOTHING;
END""",
    """
CREATE TRIGGER device_search_delete AFTER DELETE ON device_text BEGIN
    INSERT INTO device_search_waiting (device_id, name_key, serial_key, description_key, tags_key)
    VALUES (old.device_id, old.name_key, old.serial_key, old.description_key, old.tags_key) ON CONFLICT DO NOTHING;
END""",
)


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(sa.text(statement.strip()))
