"""Carry mails and webhooks in one outbox"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

BATCH = 500
#: How long a mail is sent again, in ms.
LIFETIME = 5 * 24 * 3_600_000
MAIL = sa.table(
    "mail",
    *(
        sa.column(name)
        for name in (
            "id",
            "recipient",
            "subject",
            "text",
            "html",
            "creation_date",
            "next_attempt_date",
            "attempts",
            "last_error",
        )
    ),
)
OUTBOX = sa.table(
    "outbox",
    *(
        sa.column(name)
        for name in (
            "network_id",
            "id",
            "channel",
            "receiver",
            "subject",
            "content",
            "state",
            "creation_date",
            "next_attempt_date",
            "give_up_date",
            "attempts",
            "last_error",
        )
    ),
)


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="0: no network"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="mail or webhook"),
        sa.Column("receiver", sa.Text(), nullable=False, comment="a mail address, or the name of a webhook"),
        sa.Column("webhook_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting, delivered or failed"),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_date", sa.BigInteger(), nullable=True, comment="null: delivered or given up"),
        sa.Column("give_up_date", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_attempt_date", sa.BigInteger(), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True, comment="of the last attempt, in ms"),
        sa.Column("status", sa.Integer(), nullable=True, comment="of the last answer to a webhook"),
        sa.Column("answer", sa.Text(), nullable=True, comment="how the last answer to a webhook begins"),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_outbox")),
        comment="Mails, until a mail server has taken them, and deliveries to webhooks, which stay as a log.",
    )
    op.create_index("ix_outbox_age", "outbox", ["state", "creation_date"], unique=False)
    op.create_index("ix_outbox_due", "outbox", ["channel", "next_attempt_date"], unique=False)
    op.create_index("ix_outbox_state", "outbox", ["network_id", "state", "id"], unique=False)
    op.create_index(
        "ix_outbox_webhook_due", "outbox", ["network_id", "webhook_id", "next_attempt_date", "id"], unique=False
    )
    op.create_table(
        "webhook",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False, comment="JSON: the kinds of events; empty for all"),
        sa.Column("filter", sa.Text(), nullable=True, comment="an expression of devices"),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column(
            "salt", sa.LargeBinary(), nullable=False, comment="the key is derived from it: `notify.webhooks.signing`"
        ),
        sa.Column("key_date", sa.BigInteger(), nullable=False),
        sa.Column("previous_salt", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.BigInteger(), nullable=True, comment="until then the previous key signs too"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="attempts in a row that failed"),
        sa.Column("paused_until", sa.BigInteger(), nullable=True, comment="nothing is sent before, after a failure"),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("network_id", "name_key", name=op.f("uq_webhook_network_id_name_key")),
    )
    _move_mails()
    op.drop_table("mail")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER SEQUENCE mail_id RENAME TO outbox_id")
        op.execute("CREATE SEQUENCE webhook_id")
    else:
        op.execute("UPDATE id_sequence SET name = 'outbox' WHERE name = 'mail'")


def _move_mails() -> None:
    """Copies the mails, most of which wait for a mail server that is away, in batches."""
    connection, last = op.get_bind(), -1
    while True:
        statement = sa.select(MAIL).where(MAIL.c.id > last).order_by(MAIL.c.id).limit(BATCH)
        rows = connection.execute(statement).all()
        if not rows:
            return
        last = rows[-1].id
        connection.execute(sa.insert(OUTBOX), [_message(row) for row in rows])


def _message(row: Any) -> dict[str, Any]:
    content = {"text": row.text, "html": row.html, "unsubscribe": None}
    return {
        "network_id": 0,
        "id": row.id,
        "channel": "mail",
        "receiver": row.recipient,
        "subject": row.subject,
        "content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        "state": "failed" if row.next_attempt_date is None else "waiting",
        "creation_date": row.creation_date,
        "next_attempt_date": row.next_attempt_date,
        "give_up_date": row.creation_date + LIFETIME,
        "attempts": row.attempts,
        "last_error": row.last_error,
    }
