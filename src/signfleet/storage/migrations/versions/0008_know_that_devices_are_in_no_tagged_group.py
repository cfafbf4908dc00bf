"""Know that devices are in no tagged group"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Their documents have an empty array, which is not null.
    is_sqlite = op.get_context().dialect.name == "sqlite"
    added = "json_set(properties, '$.taggedGroups', json('[]'))"
    if not is_sqlite:
        added = """properties || jsonb_build_object('taggedGroups', '[]'::jsonb)"""
    op.execute(f"UPDATE device_properties SET properties = {added}")
