"""Find applications by name"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold

revision = "0041"
down_revision = "0040"

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
NAMES = ("name_key", "name_order")
BATCH = 1000


def upgrade() -> None:
    for name in NAMES:
        op.add_column("application", sa.Column(name, KEY, server_default="", nullable=False))
    table = sa.table("application", sa.column("id", sa.BigInteger()), *map(sa.column, ("name", *NAMES)))
    update = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("of_id"))
        .values({name: sa.cast(sa.bindparam(f"new_{name}", type_=sa.Text()), KEY) for name in NAMES})
    )
    following = (
        sa.select(table.c.id, table.c.name).where(table.c.id > sa.bindparam("after")).order_by(table.c.id).limit(BATCH)
    )
    rows = op.get_bind().execute(following, {"after": 0}).all()
    while rows:
        changes = [
            {"of_id": row.id, "new_name_key": fold(row.name), "new_name_order": order_key(row.name)} for row in rows
        ]
        op.get_bind().execute(update, changes)
        rows = op.get_bind().execute(following, {"after": rows[-1].id}).all()
