"""Let people agree that programs act for them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_table(
        "authorization_code",
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the code"),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("consent_session_id", sa.BigInteger(), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=True, comment="null: `signfleet`"),
        sa.Column("network_id", sa.BigInteger(), nullable=True, comment="null: none is chosen"),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False, comment="S256 of RFC 7636"),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.Column("used_date", sa.BigInteger(), nullable=True),
        sa.Column(
            "session_id",
            sa.BigInteger(),
            nullable=True,
            comment="opened by the exchange; it ends if the code comes again",
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_authorization_code_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["consent_session_id"],
            ["session.id"],
            name=op.f("fk_authorization_code_consent_session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_authorization_code_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_authorization_code")),
    )
    op.create_index(
        op.f("ix_authorization_code_application_id"), "authorization_code", ["application_id"], unique=False
    )
    op.create_index(
        op.f("ix_authorization_code_consent_session_id"), "authorization_code", ["consent_session_id"], unique=False
    )
    op.create_index(op.f("ix_authorization_code_person_id"), "authorization_code", ["person_id"], unique=False)
    op.create_index("ix_authorization_code_valid_to", "authorization_code", ["valid_to"], unique=False)
