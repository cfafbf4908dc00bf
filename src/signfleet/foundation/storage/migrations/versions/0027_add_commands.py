"""Add commands"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"


Key = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for name in ("command", "command_batch", "command_outcome"):
            op.execute(f'CREATE SEQUENCE "{name}_id"')
    op.create_table(
        "command",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("serial_key", Key, nullable=False),
        sa.Column("name", Key, nullable=False),
        sa.Column("command_group", Key, nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("state", Key, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_key", Key, nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column(
            "release_date",
            sa.BigInteger(),
            comment="from when on the player gets it; null: its batch has not released it",
        ),
        sa.Column("expiration_date", sa.BigInteger(), nullable=False),
        sa.Column("due_date", sa.BigInteger(), comment="when time alone changes the state; null: never"),
        sa.Column("sent_date", sa.BigInteger()),
        sa.Column("start_date", sa.BigInteger()),
        sa.Column("end_date", sa.BigInteger()),
        sa.Column("message", sa.Text(), comment="what the player or the server says about the outcome"),
        sa.Column("result", sa.Text(), comment="JSON"),
        sa.Column("batch_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_command")),
    )
    op.create_index("ix_command_age", "command", ["end_date"])
    op.create_index("ix_command_batch", "command", ["network_id", "batch_id", "state", "release_date", "id"])
    op.create_index("ix_command_creation", "command", ["network_id", "creation_date", "id"])
    op.create_index("ix_command_device", "command", ["network_id", "device_id", "id"])
    op.create_index(
        "ix_command_due",
        "command",
        ["due_date"],
        sqlite_where=sa.text("due_date IS NOT NULL"),
        postgresql_where=sa.text("due_date IS NOT NULL"),
    )
    op.create_index(
        "ix_command_pending",
        "command",
        ["network_id", "device_id", "id"],
        sqlite_where=sa.text("end_date IS NULL"),
        postgresql_where=sa.text("end_date IS NULL"),
    )
    op.create_index(
        "ix_command_queued",
        "command",
        ["release_date"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "command_batch",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column(
            "lifetime", sa.BigInteger(), nullable=False, comment="from the release of a command to its expiration"
        ),
        sa.Column("at_once", sa.Integer(), comment="how many commands may be unfinished at a time"),
        sa.Column("stop_after", sa.Integer(), comment="after how many failures the rest is cancelled"),
        sa.Column(
            "jitter", sa.BigInteger(), nullable=False, comment="over how long the commands of one step are spread"
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column(
            "skipped", sa.BigInteger(), nullable=False, comment="devices that have one already, or too many others"
        ),
        sa.Column("last_device_id", sa.BigInteger(), nullable=False, comment="up to which device the commands exist"),
        sa.Column("end_date", sa.BigInteger()),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_command_batch")),
        comment="Commands to all devices that a filter matched.",
    )
    op.create_index("ix_command_batch_creation", "command_batch", ["network_id", "creation_date", "id"])
    op.create_index("ix_command_batch_open", "command_batch", ["end_date", "network_id", "id"])
    op.create_table(
        "command_file",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("command_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", Key, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("blob", Key, nullable=False, comment="its name in the blob store"),
        sa.Column("arrival_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "command_id", "name", name=op.f("pk_command_file")),
    )
    op.create_table(
        "command_request",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False, comment="digest of the author and the Idempotency-Key"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="digest"),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.Column("command_id", sa.BigInteger()),
        sa.Column("batch_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("network_id", "key", name=op.f("pk_command_request")),
        comment="What a repeated request has created.",
    )
    op.create_index("ix_command_request_date", "command_request", ["date"])
    op.create_table(
        "command_rule",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("allows_danger", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", name=op.f("pk_command_rule")),
        comment="Networks that allow commands of the group danger.",
    )
    op.add_column(
        "device",
        sa.Column(
            "has_commands",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="commands may wait for the player",
        ),
    )
