"""Notice devices that move within a place"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"

#: What a region shows of a device: a change of it is a new version of the counts, although they stay the same.
COLUMNS = ("group_id", "model_key", "location_key", "health", "gps_latitude", "gps_longitude")
COUNTED = ("network_id", *COLUMNS[:4])
OF = ", ".join(COLUMNS)


def _change(row: str, change: int) -> str:
    return f"({', '.join(f'{row}.{column}' for column in COUNTED)}, {change})"


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        changed = " OR ".join(f"old.{column} IS DISTINCT FROM new.{column}" for column in COLUMNS)
        op.execute("DROP TRIGGER device_counted_update ON device")
        op.execute(
            f"CREATE TRIGGER device_counted_update AFTER UPDATE OF {OF} ON device FOR EACH ROW"
            f" WHEN ({changed}) EXECUTE FUNCTION device_counted()"
        )
        return
    changed = " OR ".join(f"old.{column} IS NOT new.{column}" for column in COLUMNS)
    insert = f"INSERT INTO device_count_change ({', '.join(COUNTED)}, change)"
    op.execute("DROP TRIGGER device_counted_update")
    op.execute(
        f"CREATE TRIGGER device_counted_update AFTER UPDATE OF {OF} ON device WHEN {changed}"
        f" BEGIN {insert} VALUES {_change('old', -1)}, {_change('new', 1)}; END"
    )
