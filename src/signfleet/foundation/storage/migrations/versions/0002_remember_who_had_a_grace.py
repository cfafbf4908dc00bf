"""Remember who had a grace"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "grace",
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("serial_key", name=op.f("pk_grace")),
        comment="The players that have had their Grace subscription, which each gets once, whatever becomes of it.",
    )
