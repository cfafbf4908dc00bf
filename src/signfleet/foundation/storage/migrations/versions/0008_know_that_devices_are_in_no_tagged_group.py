"""Know that devices are in no tagged group"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

#: Their documents have an empty array, which is not null.
STATEMENTS = {
    "sqlite": "UPDATE device_properties SET properties = json_set(properties, '$.taggedGroups', json('[]'))",
    "postgresql": "UPDATE device_properties SET properties = properties || '{\"taggedGroups\": []}'::jsonb",
}


def upgrade() -> None:
    op.execute(STATEMENTS[op.get_context().dialect.name])
