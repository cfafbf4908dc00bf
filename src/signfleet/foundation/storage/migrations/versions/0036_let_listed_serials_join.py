"""Let listed serials join"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    key = sa.Column(
        "join_key", sa.Text(), nullable=True, comment="in the address where listed serials join; null: they may not"
    )
    op.add_column("network", key)
    op.create_index("ux_network_join_key", "network", ["join_key"], unique=True)
