"""Compare errors and downloads without regard to letter case"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

#: Table → its texts, and whether each has to be there.
TEXTS = {
    "device_error": {"name": True, "event": True, "reason": False},
    "device_download": {"file_name": True, "file_hash": False, "status": True},
}


def upgrade() -> None:
    for name, texts in TEXTS.items():
        for text in texts:
            kind = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
            op.add_column(name, sa.Column(f"{text}_key", kind, nullable=True))
        table = sa.table(name, *(sa.column(text) for text in texts), *(sa.column(f"{text}_key") for text in texts))
        # What was kept before is folded as far as a store can.
        op.execute(table.update().values({f"{text}_key": sa.func.lower(table.c[text]) for text in texts}))
        with op.batch_alter_table(name) as batch:
            for text, is_required in texts.items():
                if is_required:
                    batch.alter_column(f"{text}_key", existing_type=kind, nullable=False)
