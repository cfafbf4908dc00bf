"""Explain health"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "health_period",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("since_date", sa.BigInteger(), nullable=False),
        sa.Column("until_date", sa.BigInteger(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_date", sa.BigInteger(), nullable=True),
        sa.Column("reason_subject", sa.Text(), nullable=True),
        sa.Column("reason_subject_key", KEY, nullable=True),
        sa.Column("reason_number", sa.Float(), nullable=True),
        sa.Column(
            "normal",
            sa.BigInteger(),
            nullable=False,
            comment="ms in this health since the device registered, until this period ended",
        ),
        sa.Column("warning", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_health_period")),
        comment="The healths that a device had before its present one, each with its end.",
    )
    op.create_index("ix_health_period_age", "health_period", ["until_date"], unique=False)
    op.create_index("uq_health_period_device", "health_period", ["network_id", "device_id", "until_date"], unique=True)
    op.create_table(
        "health_rules",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("limits", sa.Text(), nullable=False, comment="JSON"),
        sa.Column(
            "checked_device_id",
            sa.BigInteger(),
            nullable=True,
            comment="devices beyond it still have to be evaluated by these rules",
        ),
        sa.PrimaryKeyConstraint("network_id", name=op.f("pk_health_rules")),
        comment="The limits of networks that have changed the rules of health.",
    )
    op.create_table(
        "health_total",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="0: the whole network"),
        sa.Column(
            "date", sa.BigInteger(), autoincrement=False, nullable=False, comment="the hour that the totals belong to"
        ),
        sa.Column(
            "normal", sa.BigInteger(), nullable=False, comment="ms of all devices in this health since the first hour"
        ),
        sa.Column("warning", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "group_id", "date", name=op.f("pk_health_total")),
        comment="What the uptime of groups and networks is read from: running totals, one row for each hour.",
    )
    op.create_index("ix_health_total_age", "health_total", ["date"], unique=False)
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False, comment="when a server last could hear reports"),
        sa.Column("counted_date", sa.BigInteger(), nullable=False, comment="up to when `health_total` counts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeat")),
        comment="One row, which every server of the installation renews.",
    )
    op.create_table(
        "outage",
        sa.Column("began", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("began", name=op.f("pk_outage")),
        comment="Times in which no server could hear reports.",
    )
    op.add_column(
        "device",
        sa.Column(
            "health_since", sa.BigInteger(), server_default="0", nullable=False, comment="when this health began"
        ),
    )
    op.add_column(
        "device",
        sa.Column(
            "health_reason",
            sa.Text(),
            nullable=True,
            comment="why it is not Normal: a word of `health.rules.ReasonCode`",
        ),
    )
    op.add_column("device", sa.Column("health_reason_date", sa.BigInteger(), nullable=True))
    op.add_column(
        "device", sa.Column("health_reason_subject", sa.Text(), nullable=True, comment="the storage or the error")
    )
    op.add_column("device", sa.Column("health_reason_subject_key", KEY, nullable=True))
    op.add_column(
        "device", sa.Column("health_reason_number", sa.Float(), nullable=True, comment="what is free, in percent")
    )
    op.create_index("ix_device_health_since", "device", ["network_id", "health_since", "id"], unique=False)
    op.execute(
        "UPDATE device SET health_since = coalesce(status_date, registration_date),"
        " health_reason = CASE WHEN health = 'Unknown' THEN 'neverReported' END,"
        # The first sweep finds the reasons of these.
        " health_due_date = CASE WHEN health IN ('Error', 'Warning') THEN 0 ELSE health_due_date END"
    )
    # The last report shows until when a server could hear.
    op.execute(
        "INSERT INTO heartbeat (id, date, counted_date)"
        " SELECT 1, max(status_date), max(status_date) FROM device HAVING max(status_date) IS NOT NULL"
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute('CREATE SEQUENCE "health_period_id"')
