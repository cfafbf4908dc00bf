"""Keep documents put together"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

DOCUMENT = """\
'{' || identity || ',"settings":' || settings || ',"status":' || coalesce(status || status_end, 'null') || \
',"subscription":' || coalesce(subscription, 'null') || ',"taggedGroups":' || tagged_groups || \
',"tags":' || tags || ',"permissions":' || permissions || '}'"""


def upgrade() -> None:
    # SQLite can have such a column in a new table only, so that the table is copied.
    with op.batch_alter_table("device_document") as table:
        put_together = sa.Computed(DOCUMENT, persisted=True)
        table.add_column(sa.Column("document", sa.Text(), put_together, nullable=False, comment="all of them"))
