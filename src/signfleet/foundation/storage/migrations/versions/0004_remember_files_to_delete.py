"""Remember files to delete"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "unneeded_file",
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_unneeded_file")),
        comment="Files in the blob store that nothing refers to any more, until they are deleted.",
    )
