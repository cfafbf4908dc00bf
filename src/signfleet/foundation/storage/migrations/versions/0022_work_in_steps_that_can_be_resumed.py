"""Work in steps that can be resumed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    # Earlier versions left the documents of large deletions to a sweep.
    for table in ("device_document", "device_properties"):
        op.execute(
            f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM device"  # noqa: S608 - of names of our own tables
            f" WHERE device.network_id = {table}.network_id AND device.id = {table}.device_id)"
        )
    if op.get_context().dialect.name == "postgresql":
        op.execute('CREATE SEQUENCE "job_id"')
    op.create_table(
        "job",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it is about: a filter, a name"),
        sa.Column("subject_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("finished_date", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_by_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True, comment="whose permissions it has; null: the server's"),
        sa.Column("request_key", sa.Text(), nullable=True, comment="the header Idempotency-Key"),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False, comment="JSON: where the next step begins"),
        sa.Column("result", sa.Text(), nullable=True, comment="JSON"),
        sa.Column("error", sa.Text(), nullable=True, comment="why it failed"),
        sa.Column("error_type", sa.Text(), nullable=True, comment="the class of the error"),
        sa.Column("is_cancelled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "attempts", sa.Integer(), server_default="0", nullable=False, comment="since the last step that was done"
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True, comment="null: nothing is left to do"),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_job")),
        comment="Work in steps, which another process resumes where one died.",
    )
    op.create_index("ix_job_creation", "job", ["network_id", "creation_date", "id"], unique=False)
    op.create_index("ix_job_finished", "job", ["finished_date"], unique=False)
    op.create_index("ix_job_lease", "job", ["lease_until"], unique=False)
    op.create_index("ix_job_request", "job", ["network_id", "user_id", "request_key"], unique=True)
    op.create_table(
        "job_change",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before", sa.Text(), nullable=False, comment="JSON: the values that the job replaced, by path"),
        sa.Column("after", sa.Text(), nullable=False, comment="JSON: the values that it wrote"),
        sa.PrimaryKeyConstraint("network_id", "job_id", "device_id", name=op.f("pk_job_change")),
        comment="What a job changed, to undo it.",
    )
    op.create_table(
        "job_failure",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "job_id", "id", name=op.f("pk_job_failure")),
        comment="What a job could not do, and why.",
    )
    op.create_table(
        "job_input",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("input", sa.Text(), nullable=False, comment="JSON; apart from the row that each step writes"),
        sa.PrimaryKeyConstraint("network_id", "job_id", name=op.f("pk_job_input")),
    )
