"""Write down files before they are written"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    due = sa.Column("due_date", sa.BigInteger(), server_default="0", nullable=False, comment="When it may be deleted.")
    op.add_column("unneeded_file", due)
    op.create_index("ix_unneeded_file_due", "unneeded_file", ["due_date"], unique=False)
    # SQLite keeps no comments.
    if op.get_context().dialect.name == "postgresql":
        op.create_table_comment(
            "unneeded_file", "Files in the blob store that nothing refers to, any more or yet, until they are deleted."
        )
