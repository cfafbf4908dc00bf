"""Index the reasons of health"""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    columns = ["network_id", "health", "health_reason", "id"]
    op.create_index("ix_device_health_reason", "device", columns, unique=False)
