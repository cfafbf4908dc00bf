"""Word comments plainly"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

COMMENTS = (
    ("COLUMN person.mailbox_key", "Identifies a person: `wire.mailboxes`."),
    ("TABLE network_total", "How many instances a network has; maintained, so that no list runs COUNT(*)."),
    ("COLUMN device.health_due_date", "when time alone may change the health"),
    ("COLUMN subscription.due_date", "when time alone may change the status"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite stores no comments
        for place, comment in COMMENTS:
            op.execute(sa.text(f"COMMENT ON {place} IS '{comment}'"))
