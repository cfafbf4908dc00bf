"""Alembic's entry point: runs the migrations on the connection that `migrations.upgrade` passes in."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from signfleet.foundation.storage.tables import Key, Properties, metadata


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Writes the tables' own types into migrations as the SQLAlchemy types that they stand for."""
    if kind == "type" and item is Key:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")'
    if kind == "type" and item is Properties:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.Text().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leaves out of comparisons what the stores have each in their own way: the search index, and notes of changes."""
    return name is None or not name.startswith(("device_search", "session_change"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_item,
    include_name=include_name,
)
context.run_migrations()
