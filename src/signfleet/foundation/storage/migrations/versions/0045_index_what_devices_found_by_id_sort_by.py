"""Index what devices found by id sort by"""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    columns = ["network_id", "id", "name_order", "last_modified_date"]
    op.create_index("ix_device_sorted", "device", columns, unique=False)
