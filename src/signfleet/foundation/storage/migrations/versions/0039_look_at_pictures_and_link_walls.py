"""Look at pictures, and link walls"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE wall_link_id")
    op.create_table(
        "wall_link",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="of the token"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=True, comment="an expression of the health of devices"),
        sa.Column("side", sa.Text(), nullable=False, comment="of the pictures"),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="the user as whom the link sees"),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("expiration_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_wall_link")),
        comment="Links that show a wall of pictures to everybody who has them.",
    )
    op.create_index("uq_wall_link_hash", "wall_link", ["hash"], unique=True)
    for name, comment in (
        ("grid", "its brightness in 16 by 16 parts, in hexadecimal"),
        ("look", "changed, same or black, beside the one before"),
    ):
        op.add_column("screenshot", sa.Column(name, sa.Text(), nullable=True, comment=comment))
