"""Store what players say of themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"

DEVICE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PROPERTIES = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "device_agent",
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", DEVICE_ID, autoincrement=False, nullable=False),
        sa.Column("can", sa.Text(), comment="JSON: the commands it can do; null: it has not said, and may do all"),
        sa.Column("applied_etag", sa.Text(), comment="of the settings that it applied last"),
        sa.Column("applied_date", sa.BigInteger()),
        sa.Column("failed", sa.Text(), comment="JSON: the parts of these settings that it could not apply; null: none"),
        sa.Column(
            "announced",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="outcomes of these settings that became events",
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_agent")),
        comment="What the software of a player says of itself. Reports write it only when they bring news.",
    )
    op.create_table(
        "device_metrics",
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", DEVICE_ID, autoincrement=False, nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False, comment="of the last values"),
        sa.Column("properties", PROPERTIES, nullable=False, comment="the last values, as device_properties"),
        sa.Column("latest", sa.Text(), nullable=False, comment="JSON: the last values, by name"),
        sa.Column("hour", sa.BigInteger(), nullable=False, comment="when the present hour began"),
        sa.Column("slots", sa.Text(), nullable=False, comment="JSON: the minutes of that hour, by name"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_metrics")),
        comment="All that a report with metrics writes, except once an hour.",
    )
    op.create_table(
        "device_metrics_hour",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False, comment="minutes of a slot"),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slots", sa.Text(), nullable=False, comment="JSON: by name"),
        sa.PrimaryKeyConstraint("network_id", "device_id", "step", "hour", name=op.f("pk_device_metrics_hour")),
        comment="The metrics of hours that have ended, by the minute and by the quarter.",
    )
    op.create_index("ix_device_metrics_hour_age", "device_metrics_hour", ["step", "hour"])
    op.add_column(
        "command_batch",
        sa.Column("unable", sa.BigInteger(), server_default="0", nullable=False, comment="devices that cannot do it"),
    )
    op.add_column(
        "device_document",
        sa.Column(
            "managed", sa.Text(), comment="JSON: the paths in the settings that operators have set; null: not noted yet"
        ),
    )
