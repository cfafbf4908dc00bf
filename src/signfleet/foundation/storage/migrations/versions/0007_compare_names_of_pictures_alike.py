"""Compare names of pictures alike"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # SQLite compares bytewise anyway.
    if op.get_context().dialect.name == "postgresql":
        for name in ("blob", "thumbnail"):
            kind = postgresql.TEXT(collation="C")
            op.alter_column("screenshot", name, type_=kind, existing_type=sa.Text(), existing_nullable=False)
