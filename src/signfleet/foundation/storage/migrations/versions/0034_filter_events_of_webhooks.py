"""Filter events of webhooks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column("webhook", sa.Column("event_filter", sa.Text(), nullable=True, comment="an expression of events"))
