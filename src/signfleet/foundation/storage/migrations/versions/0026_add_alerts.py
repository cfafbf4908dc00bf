"""Add alerts"""

from __future__ import annotations

import json
import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"

SEQUENCES = ("alert_rule", "alert", "alert_window", "notice")
#: The rules that networks begin with.
RULES = {
    "Player lost contact": ["silent"],
    "Player has a fault": ["storageReadOnly", "storageFull"],
}
RULE = sa.table(
    "alert_rule",
    *(
        sa.column(name)
        for name in (
            "network_id",
            "id",
            "name",
            "name_key",
            "condition",
            "delay",
            "mail_to",
            "webhooks",
            "creation_date",
            "last_modified_date",
        )
    ),
    sa.column("is_enabled", sa.Boolean()),
    sa.column("notifies_users", sa.Boolean()),
)


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_name", sa.Text(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False, comment="0: an alert about the network"),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="pending, open, acknowledged, muted or resolved"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since_date", sa.BigInteger(), nullable=False, comment="when the condition began"),
        sa.Column(
            "due_date", sa.BigInteger(), nullable=True, comment="when a pending one opens, or a muted one opens again"
        ),
        sa.Column("open_date", sa.BigInteger(), nullable=True),
        sa.Column("last_date", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False, comment="how many events it sums up"),
        sa.Column("actor", sa.Text(), nullable=True, comment="who acknowledged, muted or resolved it"),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("resolve_date", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_age", "alert", ["resolve_date"], unique=False)
    op.create_index("ix_alert_device", "alert", ["network_id", "device_id", "id"], unique=False)
    op.create_index("ix_alert_due", "alert", ["due_date"], unique=False)
    op.create_index("ix_alert_state", "alert", ["network_id", "state", "id"], unique=False)
    op.create_index(
        "uq_alert_cause",
        "alert",
        ["network_id", "rule_id", "device_id"],
        unique=True,
        sqlite_where=sa.text("resolve_date IS NULL"),
        postgresql_where=sa.text("resolve_date IS NULL"),
    )
    op.create_table(
        "alert_rule",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=True, comment="an expression of devices"),
        sa.Column("condition", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("delay", sa.BigInteger(), nullable=False, comment="how long the condition has to last, in ms"),
        sa.Column(
            "notifies_users", sa.Boolean(), nullable=False, comment="users get mail as their notification settings say"
        ),
        sa.Column("mail_to", sa.Text(), nullable=False, comment="JSON: ids of users"),
        sa.Column("webhooks", sa.Text(), nullable=False, comment="JSON: ids of webhooks"),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_alert_rule")),
        sa.UniqueConstraint("network_id", "name_key", name=op.f("uq_alert_rule_network_id_name_key")),
    )
    op.create_table(
        "alert_window",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=True, comment="an expression of devices"),
        sa.Column("begin_date", sa.BigInteger(), nullable=False),
        sa.Column("end_date", sa.BigInteger(), nullable=False),
        sa.Column("repeats", sa.Text(), nullable=False, comment="never, daily or weekly"),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_alert_window")),
        comment="Times in which alerts about some devices do not open.",
    )
    op.create_table(
        "event_reader",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True, comment="the process that reads"),
        sa.Column("lease_until", sa.BigInteger(), nullable=False, comment="from then on another process may read"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_reader")),
        comment="How far something has read the events of all networks.",
    )
    op.create_table(
        "mail_allowance",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since_date", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("omitted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "user_id", name=op.f("pk_mail_allowance")),
        comment="How many notices users have got by mail within the hour.",
    )
    op.create_index("ix_mail_allowance_since", "mail_allowance", ["since_date"], unique=False)
    op.create_table(
        "notice",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False, comment="0: no rule"),
        sa.Column("device_id", sa.BigInteger(), nullable=False, comment="0: no device"),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_notice")),
        comment="What mails have to say, until they are written: several notices make one mail.",
    )
    op.create_index("ix_notice_topic", "notice", ["network_id", "rule_id", "topic", "date"], unique=False)
    _insert_rules()


def _insert_rules() -> None:
    """Gives every network the rules that new ones begin with, and the sequences their place."""
    connection = op.get_bind()
    networks = connection.execute(sa.text("SELECT id FROM network ORDER BY id")).scalars().all()
    now = time.time_ns() // 2_000_000 * 2
    last = 0
    for network_id in networks:
        for name, reasons in RULES.items():
            last += 1
            condition = {"kind": "health", "health": ["Error"], "reasons": reasons}
            connection.execute(
                sa.insert(RULE).values(
                    network_id=network_id,
                    id=last,
                    name=name,
                    name_key=name.lower(),
                    is_enabled=True,
                    condition=json.dumps(condition, separators=(",", ":")),
                    delay=0,
                    notifies_users=True,
                    mail_to="[]",
                    webhooks="[]",
                    creation_date=now,
                    last_modified_date=now,
                )
            )
    if connection.dialect.name == "postgresql":
        for sequence in SEQUENCES:
            op.execute(f"CREATE SEQUENCE {sequence}_id")
        op.execute(f"ALTER SEQUENCE alert_rule_id RESTART WITH {last + 1}")
    elif last:
        insertion = sa.text("INSERT INTO id_sequence (name, last) VALUES ('alert_rule', :last)")
        connection.execute(insertion, {"last": last})
