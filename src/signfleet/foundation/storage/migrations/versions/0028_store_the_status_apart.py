"""Store the status of devices apart from their settings"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"

DEVICE_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PROPERTIES = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
HEAD = """'{' || identity || ',"settings":' || settings || ',"status":'"""
TAIL = """\
',"subscription":' || coalesce(subscription, 'null') || ',"taggedGroups":' || tagged_groups || \
',"tags":' || tags || ',"permissions":' || permissions || '}'"""
#: What stays in `device_document`, in the order of its columns.
PARTS = ("network_id", "device_id", "identity", "settings", "subscription", "tagged_groups", "tags", "permissions")
BATCH = 1000


def upgrade() -> None:
    op.create_table(
        "device_status",
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", DEVICE_ID, autoincrement=False, nullable=False),
        sa.Column("report_sequence", sa.BigInteger(), nullable=False, comment="the last report taken"),
        sa.Column(
            "changed_date",
            sa.BigInteger(),
            nullable=False,
            comment="the last change of the status, as device.changed_date",
        ),
        sa.Column("status_date", sa.BigInteger(), comment="the last report"),
        sa.Column("health_due_date", sa.BigInteger(), comment="when time alone may change the health"),
        sa.Column("status", sa.Text(), comment="as it is answered"),
        sa.Column("properties", PROPERTIES, nullable=False, comment="of the status, as device_properties"),
        sa.PrimaryKeyConstraint("device_id", name="pk_device_status"),
        comment="All that a report writes if it changes no health: one row, so that it writes one page.",
    )
    op.execute(
        "INSERT INTO device_status (network_id, device_id, report_sequence, changed_date, status_date,"
        " health_due_date, status, properties) SELECT device.network_id, device.id, device.report_sequence,"
        " device.changed_date, device.status_date, device.health_due_date,"
        " device_document.status || device_document.status_end, '{}'"
        " FROM device LEFT JOIN device_document ON device_document.network_id = device.network_id"
        " AND device_document.device_id = device.id"
    )
    op.create_index("ix_device_status_date", "device_status", ["network_id", "status_date", "device_id"])
    op.create_index("ix_device_status_due", "device_status", ["health_due_date"])
    _split_properties()
    _replace_document()
    op.drop_index("ix_device_status", "device")
    op.drop_index("ix_device_health_due", "device")
    for column in ("health_due_date", "status_date", "report_sequence"):
        op.drop_column("device", column)
    if _is_postgresql():
        for name, comment in COMMENTS.items():
            op.create_table_comment(name, comment)
        op.alter_column(
            "device",
            "changed_date",
            existing_type=sa.BigInteger(),
            existing_nullable=False,
            comment="the last change of anything that is answered, except the status",
        )


COMMENTS = {
    "device": "Narrow: what is commonly filtered or sorted, so that counting stays fast. Reports do not write it.",
    "device_document": "The parts of the Player entity as they are answered, except the status.",
    "device_properties": "What has no column of its own, flat and comparable, for filters and sorts; except of the"
    " status.",
}


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _replace_document() -> None:
    """Assembles what stands before and behind the status, and keys documents by the device's id alone."""
    if _is_postgresql():
        op.drop_constraint("pk_device_document", "device_document")
        op.create_primary_key("pk_device_document", "device_document", ["device_id"])
        for column in ("document", "status", "status_end"):
            op.drop_column("device_document", column)
        for assembled in _assembled():
            op.add_column("device_document", assembled)
        return
    op.create_table(
        "device_document_new",
        sa.Column("network_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", DEVICE_ID, autoincrement=False, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("subscription", sa.Text()),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("tagged_groups", "tags", "permissions")),
        *_assembled(),
        sa.PrimaryKeyConstraint("device_id", name="pk_device_document"),
    )
    old, new = (sa.table(name, *map(sa.column, PARTS)) for name in ("device_document", "device_document_new"))
    op.execute(sa.insert(new).from_select(PARTS, sa.select(*(old.c[name] for name in PARTS)).order_by(old.c.device_id)))
    op.drop_table("device_document")
    op.rename_table("device_document_new", "device_document")


def _assembled() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            name,
            sa.Text(),
            sa.Computed(expression, persisted=True),
            nullable=False,
            comment=f"what a Player entity has {where} its status",
        )
        for name, expression, where in (("head", HEAD, "before"), ("tail", TAIL, "behind"))
    ]


def _split_properties() -> None:
    """Moves the filter properties of the status beside the status, a thousand devices at once."""
    stored = sa.table("device_properties", sa.column("device_id", sa.BigInteger()), sa.column("properties"))
    status = sa.table("device_status", sa.column("device_id", sa.BigInteger()), sa.column("properties"))
    flat: sa.types.TypeEngine[Any] = postgresql.JSONB() if _is_postgresql() else sa.Text()
    updates = [
        sa.update(table)
        .where(table.c.device_id == sa.bindparam("of_device"))
        .values(properties=sa.cast(sa.bindparam(name, type_=sa.Text()), flat))  # text is no JSONB unless it is cast
        for table, name in ((stored, "rest"), (status, "moved"))
    ]
    after = -1
    while rows := (
        op.get_bind()
        .execute(
            sa.select(stored.c.device_id, sa.cast(stored.c.properties, sa.Text()))
            .where(stored.c.device_id > after)
            .order_by(stored.c.device_id)
            .limit(BATCH)
        )
        .all()
    ):
        parameters = [{"of_device": id_, **_split(properties)} for id_, properties in rows]
        for update in updates:
            op.get_bind().execute(update, parameters)
        after = rows[-1][0]


def _split(properties: str) -> dict[str, str]:
    parts: dict[str, dict[str, Any]] = {"rest": {}, "moved": {}}
    for path, value in json.loads(properties).items():
        is_status = path == "status" or path.startswith("status.")
        if not is_status or value is not None:  # PostgreSQL had nulls of what a status lacks
            parts["moved" if is_status else "rest"][path] = value
    return {name: json.dumps(part, ensure_ascii=False, separators=(",", ":")) for name, part in parts.items()}
