"""Compare addresses alike"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # SQLite compares bytewise anyway.
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("audit", "address", type_=postgresql.TEXT(collation="C"), existing_type=sa.Text())
