"""Bound what a network stores"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    count = sa.Column(
        "count", sa.Integer(), server_default="1", nullable=False, comment="how often it came within a minute"
    )
    op.add_column("device_error", count)
    sent = sa.Column(
        "sent_timestamp",
        sa.BigInteger(),
        server_default="0",
        nullable=False,
        comment="by the device's clock, as it was sent",
    )
    op.add_column("screenshot", sent)
    op.add_column("screenshot", sa.Column("arrival_date", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("UPDATE screenshot SET sent_timestamp = utc_timestamp, arrival_date = utc_timestamp")
    op.drop_index("ix_screenshot_age", "screenshot")
    op.create_index("ix_screenshot_age", "screenshot", ["arrival_date", "network_id", "id"], unique=False)
    op.create_index("ix_screenshot_sent", "screenshot", ["network_id", "device_id", "sent_timestamp"], unique=False)
    op.execute(
        "INSERT INTO network_total (network_id, entity, total)"
        " SELECT network_id, 'bytes of pictures', sum(file_size) FROM screenshot GROUP BY network_id"
    )
    # SQLite keeps no comments.
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("screenshot", "utc_timestamp", comment="by the server's clock")
