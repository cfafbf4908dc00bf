"""Whether the store has an index for searches in texts: SQLite always, PostgreSQL where `pg_trgm` could be had."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query

#: Makes the index where the upgrade could not.
MAKE: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX device_search ON device_text USING gin"
    " (name_key gin_trgm_ops, serial_key gin_trgm_ops, description_key gin_trgm_ops, tags_key gin_trgm_ops);"
)
_FIND: Final = Query(
    text("SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexname = 'device_search'")
)


async def has_search_index(store: Store) -> bool:
    """Checks whether the index is there."""
    return store.dialect == "sqlite" or bool(await store.all(_FIND))
