"""Store imported files"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "import_chunk",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "upload",
            sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="the file, named at random",
        ),
        sa.Column("last_line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False, comment="JSON: line numbers and cells; up to the last line"),
        sa.PrimaryKeyConstraint("network_id", "upload", "last_line", name=op.f("pk_import_chunk")),
        comment="Rows of imported files that are waiting for their turn or a retry.",
    )
    op.create_index("ix_import_chunk_date", "import_chunk", ["creation_date"], unique=False)
