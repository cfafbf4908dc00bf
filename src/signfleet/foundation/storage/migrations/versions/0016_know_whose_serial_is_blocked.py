"""Know whose serial is blocked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column(
        "blocked_serial",
        sa.Column("device_id", sa.BigInteger(), comment="the device that had it; null for blocks of older versions"),
    )
    op.create_index("ix_blocked_serial_device", "blocked_serial", ["network_id", "device_id"])
