"""The SQL of the health check."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import network, setting

#: Costs next to nothing, and fails where the schema is not there.
ANYTHING = Query(select(network.c.id).limit(1))

#: The name of the setting that the check of the store writes.
CHECKED = "checked"
_NOTE = insert(setting)
NOTE_CHECK = Query(_NOTE.on_conflict_do_update(index_elements=[setting.c.name], set_={"value": _NOTE.excluded.value}))
