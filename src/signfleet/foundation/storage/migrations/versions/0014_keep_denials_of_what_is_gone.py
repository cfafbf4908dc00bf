"""Keep denials of what is gone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "former_permission",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("operation_uid", sa.Text(), nullable=False),
        sa.Column("principal_type", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.BigInteger(), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("removed_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "network_id",
            "entity",
            "entity_id",
            "operation_uid",
            "principal_type",
            "principal_id",
            name=op.f("pk_former_permission"),
        ),
        comment="Permissions of single things that are gone: the audit trail still goes by them.",
    )
    op.create_index(
        "ix_former_permission_principal",
        "former_permission",
        ["network_id", "principal_type", "principal_id", "entity", "operation_uid", "entity_id", "is_allowed"],
    )
    op.create_index("ix_former_permission_age", "former_permission", ["removed_date"])
    op.add_column(
        "permission",
        sa.Column(
            "is_own",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="denied to a user by that user, who may take it back",
        ),
    )
    op.add_column("audit", sa.Column("device_id", sa.BigInteger(), comment="the device that a change is about"))
    op.execute("UPDATE audit SET device_id = entity_id WHERE entity = 'Device'")
    op.execute(
        "UPDATE audit SET device_id = (SELECT device.id FROM device WHERE device.network_id = audit.network_id"
        " AND device.serial_key = audit.name_key) WHERE entity IN ('Subscription', 'Token', 'Serial')"
    )
