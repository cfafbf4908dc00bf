"""Note how sessions were opened"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    how = sa.Column("grant_type", sa.Text(), nullable=True, comment="how a person signed in; null for players")
    where = sa.Column("address", sa.Text(), nullable=True, comment="where it was opened, or last renewed")
    op.add_column("session", how)
    op.add_column("session", where)
    op.add_column("session", sa.Column("last_used_date", sa.BigInteger(), nullable=True))
