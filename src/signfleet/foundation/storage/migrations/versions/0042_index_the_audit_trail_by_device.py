"""Index the audit trail by device"""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.create_index("ix_audit_device", "audit", ["network_id", "device_id", "date", "id"], unique=False)
