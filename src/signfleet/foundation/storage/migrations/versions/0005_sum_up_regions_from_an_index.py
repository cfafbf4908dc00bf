"""Sum up regions from an index"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_index(op.f("ix_device_location"), table_name="device")
    op.create_index(
        "ix_device_location",
        "device",
        ["network_id", "location_key", "id", "health", "gps_latitude", "gps_longitude"],
        unique=False,
    )
