"""Undo imports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    # A file may name a device twice, and names provisioning records too: changes have numbers of their own.
    op.execute("ALTER TABLE job_change RENAME COLUMN device_id TO id")
    op.add_column("job_change", sa.Column("device_id", sa.BigInteger(), nullable=True))
    op.add_column("job_change", sa.Column("name", sa.Text(), nullable=True, comment="the serial"))
    op.execute("UPDATE job_change SET device_id = id")
