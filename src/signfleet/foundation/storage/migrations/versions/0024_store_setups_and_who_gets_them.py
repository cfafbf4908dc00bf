"""Stores setups, and the records of which player gets which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "setup",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="24 hexadecimal digits"),
        sa.Column("package_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("username_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="JSON as a client sent it"),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_setup")),
        comment="Setups: what a player is set up with. Clients write the documents; the server stores them whole.",
    )
    op.create_index("ix_setup_package", "setup", ["network_id", "package_key", "id"], unique=False)
    op.create_table(
        "setup_record",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="24 hexadecimal digits"),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("username_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("setup_id", sa.Text(), nullable=True),
        sa.Column("setup_name", sa.Text(), nullable=True),
        sa.Column(
            "setup_name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("user_data", sa.Text(), nullable=True, comment="JSON of any kind"),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_setup_record")),
        comment="Which setup the player with a serial gets. A serial has one record over all networks.",
    )
    op.create_index("ix_setup_record_network_serial", "setup_record", ["network_id", "serial_key"], unique=False)
    op.create_index("ux_setup_record_serial", "setup_record", ["serial_key"], unique=True)
