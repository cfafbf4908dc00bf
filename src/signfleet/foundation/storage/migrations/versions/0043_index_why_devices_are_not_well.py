"""Index why devices are not well"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    not_well = sa.text("health <> 'Normal'")
    columns = ["network_id", "health", "health_reason", "health_since"]
    op.create_index(
        "ix_device_cause", "device", columns, unique=False, postgresql_where=not_well, sqlite_where=not_well
    )
