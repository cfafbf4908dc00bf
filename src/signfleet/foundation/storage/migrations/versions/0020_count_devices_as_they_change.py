"""Count devices as they change"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

COLUMNS = ("network_id", "group_id", "model_key", "location_key", "health")
#: What is counted, the text of its key, and the column.
COUNTED = (
    ("network", "''", ""),
    ("group", "CAST(group_id AS TEXT)", ", group_id"),
    ("model", "model_key", ", model_key"),
    ("place", "location_key", ", location_key"),
)


def _change(row: str, change: int) -> str:
    return f"({', '.join(f'{row}.{column}' for column in COLUMNS)}, {change})"


INSERT = f"INSERT INTO device_count_change ({', '.join(COLUMNS)}, change) VALUES "  # noqa: S608 - our own names
CHANGED = {
    "sqlite": " OR ".join(f"old.{column} IS NOT new.{column}" for column in COLUMNS[1:]),
    "postgresql": " OR ".join(f"old.{column} IS DISTINCT FROM new.{column}" for column in COLUMNS[1:]),
}
OF = ", ".join(COLUMNS[1:])
SQLITE = (
    f"CREATE TRIGGER device_counted_insert AFTER INSERT ON device BEGIN {INSERT}{_change('new', 1)}; END",
    f"CREATE TRIGGER device_counted_delete AFTER DELETE ON device BEGIN {INSERT}{_change('old', -1)}; END",
    f"CREATE TRIGGER device_counted_update AFTER UPDATE OF {OF} ON device WHEN {CHANGED['sqlite']}"
    f" BEGIN {INSERT}{_change('old', -1)}, {_change('new', 1)}; END",
)
POSTGRESQL = (
    "CREATE FUNCTION device_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    f" IF TG_OP <> 'INSERT' THEN {INSERT}{_change('old', -1)}; END IF;"
    f" IF TG_OP <> 'DELETE' THEN {INSERT}{_change('new', 1)}; END IF;"
    " RETURN NULL; END $$",
    "CREATE TRIGGER device_counted AFTER INSERT OR DELETE ON device FOR EACH ROW EXECUTE FUNCTION device_counted()",
    f"CREATE TRIGGER device_counted_update AFTER UPDATE OF {OF} ON device FOR EACH ROW"
    f" WHEN ({CHANGED['postgresql']}) EXECUTE FUNCTION device_counted()",
    "ALTER TABLE device_count_change ALTER COLUMN id SET DEFAULT nextval('device_count_change_id')",
)


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    op.create_table(
        "device_count",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="network, group, model or place"),
        sa.Column("key", KEY, nullable=False, comment="the id of the group, or the folded model or place"),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "by", "key", "health", name="pk_device_count"),
        comment="How many devices there are, as of the changes that are added up.",
    )
    op.create_table(
        "device_count_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("model_key", KEY, nullable=False),
        sa.Column("location_key", KEY, nullable=True),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_count_change"),
        comment="Devices that came (1) and went (-1) since; written by triggers of the table device.",
    )
    for by, key, column in COUNTED:
        op.execute(
            f"INSERT INTO device_count SELECT network_id, '{by}', {key}, health, count(*) FROM device"  # noqa: S608 - ours
            f" WHERE {key} IS NOT NULL GROUP BY network_id, health{column}"
        )
    if is_postgresql:
        op.execute(sa.schema.CreateSequence(sa.Sequence("device_count_change_id")))
    for statement in POSTGRESQL if is_postgresql else SQLITE:
        op.execute(statement)
    # The box around the devices of a place is the ends of these two; health is counted.
    op.drop_index("ix_device_location", "device")
    op.create_index("ix_device_latitude", "device", ["network_id", "location_key", "gps_latitude", "id"])
    op.create_index("ix_device_longitude", "device", ["network_id", "location_key", "gps_longitude", "id"])
    # Filters sorted by name.
    op.create_index("ix_device_model_name", "device", ["network_id", "model_key", "name_order", "id"])
    op.create_index("ix_device_group_name", "device", ["network_id", "group_id", "name_order", "id"])
    op.create_index("ix_device_health_name", "device", ["network_id", "health", "name_order", "id"])
