"""Announce the ends of trials and subscriptions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    notice_date = sa.Column(
        "notice_date",
        sa.BigInteger(),
        nullable=True,
        comment="when its end is announced; null: never, or it has been",
    )
    op.add_column("network_subscription", notice_date)
    # A week, in ms.
    op.execute(
        "UPDATE network_subscription SET notice_date = expire_date - 604800000"
        " WHERE level = 'Trial' AND expire_date IS NOT NULL"
    )
    op.execute("UPDATE subscription SET due_date = due_date - 604800000 WHERE due_date = expiration_date")
