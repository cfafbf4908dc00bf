"""Let players prove themselves"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

#: 90 days, in ms.
TRANSITION = 90 * 86_400_000


def upgrade() -> None:
    op.create_table(
        "blocked_serial",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "serial_key", name=op.f("pk_blocked_serial")),
        comment="Serials of deleted devices, which may not join the network again until an operator unblocks them.",
    )
    op.create_table(
        "device_secret",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "hash",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of the secret; null: an operator has released the serial",
        ),
        sa.Column("issue_date", sa.BigInteger(), nullable=False),
        sa.Column("is_received", sa.Boolean(), nullable=False, comment="the player has used what came with it"),
        sa.Column("is_presented", sa.Boolean(), nullable=False, comment="the player has proved itself with it"),
        sa.Column(
            "address",
            sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"),
            nullable=True,
            comment="where the player was when it last got tokens",
        ),
        sa.PrimaryKeyConstraint("network_id", "device_id", name=op.f("pk_device_secret")),
        comment="How a device proves itself; one that joined before there were secrets has no row.",
    )
    op.create_table(
        "serial_claim",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "serial_key", name=op.f("pk_serial_claim")),
        comment="Serials that a network asks for because another one has them; the installation's operator decides.",
    )
    op.create_index("ix_serial_claim_date", "serial_claim", ["date"], unique=False)
    op.add_column(
        "network",
        sa.Column(
            "protocol_1_until",
            sa.BigInteger(),
            nullable=True,
            comment="until then players may join again without their secret",
        ),
    )
    op.add_column(
        "token",
        sa.Column(
            "granted_by",
            sa.LargeBinary(),
            nullable=True,
            comment="access tokens of devices: the hash of the refresh token exchanged",
        ),
    )
    op.add_column(
        "token",
        sa.Column(
            "max_uses",
            sa.Integer(),
            nullable=True,
            comment="setup tokens: how many devices may join with it; null: any number",
        ),
    )
    op.add_column(
        "token", sa.Column("uses", sa.Integer(), nullable=True, comment="how many have; counted where there is a limit")
    )
    op.add_column("token", sa.Column("author", sa.Text(), nullable=True, comment="setup tokens: who issued it"))
    op.create_index(
        "ix_token_setup",
        "token",
        ["network_id", "valid_to", "hash"],
        unique=False,
        sqlite_where=sa.text("kind = 'setup'"),
        postgresql_where=sa.text("kind = 'setup'"),
    )
    # Players of networks that are there already know no secrets: they may go on without for a while.
    until = time.time_ns() // 1_000_000 + TRANSITION
    op.execute(sa.text("UPDATE network SET protocol_1_until = :until").bindparams(until=until))
    if op.get_context().dialect.name == "postgresql":  # SQLite has no comments
        op.alter_column(
            "token",
            "used_date",
            existing_type=sa.BigInteger(),
            comment="when a refresh token was exchanged, or a device's access token first used",
        )
