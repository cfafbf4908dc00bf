"""Let jobs send commands"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column(
        "command_batch",
        sa.Column("job_id", sa.BigInteger(), nullable=True, comment="the mass change that creates the commands"),
    )
    op.create_index("ix_command_batch_job", "command_batch", ["network_id", "job_id"], unique=False)
