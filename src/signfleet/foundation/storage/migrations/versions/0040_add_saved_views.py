"""Add saved views"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="0: a view of everybody"),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="its query"),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "user_id", "section", "name_key", name=op.f("pk_saved_view")),
    )
