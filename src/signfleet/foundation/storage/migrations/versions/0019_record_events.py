"""Record events"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="PostgreSQL: which transaction wrote it; SQLite: 0",
        ),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), comment="null: an event of the network or an account"),
        sa.Column("serial", sa.Text()),
        sa.Column("serial_key", KEY),
        sa.Column("name", sa.Text(), comment="what the event is about: an error, a file, a health, a login"),
        sa.Column("name_key", KEY),
        sa.Column("data", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("network_id", "transaction_id", "id", name=op.f("pk_event")),
        comment="What happened. Readers follow the order of the key: `notify.events.reading`.",
    )
    op.create_index("ix_event_position", "event", ["transaction_id", "id"])
    op.create_index("ix_event_date", "event", ["network_id", "date", "id"])
    op.create_index("ix_event_device", "event", ["network_id", "device_id", "date", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE event_id")
