"""Keep registrations apart from accounts"""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
PERSON = sa.table(
    "person",
    *(sa.column(name) for name in ("id", "login", "login_key", "mailbox_key", "password_hash")),
    *(sa.column(name) for name in ("creation_date", "activation_date", "proof_date")),
)
AUDIT = sa.table("audit", *(sa.column(name) for name in ("action", "entity", "entity_id", "actor")))

COMMENTS = (
    ("person", "activation_date", "Null: a registration or an invitation, not an account yet."),
    ("one_time_link", "purpose", "activate, invitation or reset"),
)


def upgrade() -> None:
    with op.batch_alter_table("person") as table:
        table.drop_constraint("uq_person_login_key", type_="unique")
        table.add_column(
            sa.Column("mailbox_key", KEY, comment="By which people are told apart: `wire.mailboxes`.", nullable=True)
        )
        table.add_column(
            sa.Column(
                "proof_date", sa.BigInteger(), comment="When the mailbox was proved, or an operator vouched for it."
            )
        )
    _fill_mailbox_keys()
    _believe_what_can_be_known()
    with op.batch_alter_table("person") as table:
        table.alter_column("mailbox_key", existing_type=KEY, nullable=False)
    op.create_index("ix_person_mailbox_key", "person", ["mailbox_key"], unique=False)
    active = sa.text("activation_date IS NOT NULL")
    op.create_index(
        "uq_person_account", "person", ["mailbox_key"], unique=True, sqlite_where=active, postgresql_where=active
    )
    if op.get_context().dialect.name == "postgresql":  # SQLite keeps no comments
        for name, column, comment in COMMENTS:
            op.alter_column(name, column, comment=comment)


def _fill_mailbox_keys() -> None:
    """As `wire.mailboxes.mailbox_key` did when this was written."""
    op.execute(PERSON.update().values(mailbox_key=PERSON.c.login_key))
    connection = op.get_bind()
    for id_, login in connection.execute(sa.select(PERSON.c.id, PERSON.c.login)).all():
        if not login.isascii():
            key = unicodedata.normalize("NFC", unicodedata.normalize("NFD", login).lower())
            connection.execute(PERSON.update().where(PERSON.c.id == id_).values(mailbox_key=key))


def _believe_what_can_be_known() -> None:
    """Who activated an account by mail has proved the mailbox; an operator vouched for whom they created.

    Everybody else was made by some network's administrator, and proves the mailbox with the next mailed link.
    """
    by_operator = (
        sa.select(AUDIT.c.entity_id)
        .where(AUDIT.c.entity == "Person", AUDIT.c.action == "Create", AUDIT.c.entity_id == PERSON.c.id)
        .where(sa.or_(AUDIT.c.actor == "server", AUDIT.c.actor.like("command line (%")))
        .exists()
    )
    op.execute(
        PERSON.update()
        .where(
            PERSON.c.activation_date.is_not(None),
            sa.or_(PERSON.c.activation_date != PERSON.c.creation_date, by_operator),
        )
        .values(proof_date=PERSON.c.activation_date)
    )
    # Nobody signs in with a password from before the proof.
    op.execute(PERSON.update().where(PERSON.c.activation_date.is_(None)).values(password_hash=None))
