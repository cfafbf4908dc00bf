"""The SQL of devices' tags."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.query import Query, among, with_id
from signfleet.foundation.storage.tables import device_tag, device_tag_element, tag_key


class TagKeyRow(Protocol):
    """A key that a network's tags have."""

    id: int
    entity: str
    is_system: int
    name: str
    name_key: str
    type: str


#: Locks the keys of a network with these folded names, of any entity, FOR SHARE: their type cannot change until the
#: transaction ends.
LOCK_KEYS = Query(
    select(tag_key)
    .where(tag_key.c.network_id == bindparam("network_id"), among(tag_key.c.name_key, "names"))
    .with_for_update(read=True),
    TagKeyRow,
)
#: If another transaction has inserted the key meanwhile, its spelling wins.
INSERT_KEY = Query(insert(tag_key).on_conflict_do_nothing())
RESPELL_KEY = Query(
    tag_key.update()
    .where(with_id(tag_key.c.id, "tag_id"))
    .values(name=bindparam("new_name"), type=bindparam("new_type"))
)
ANY_USE = Query(
    select(device_tag.c.device_id)
    .where(device_tag.c.network_id == bindparam("network_id"), device_tag.c.tag_id == bindparam("tag_id"))
    .limit(1)
)

INSERT_TAG = Query(device_tag.insert())
INSERT_ELEMENT = Query(device_tag_element.insert())
DELETIONS = tuple(
    Query(
        delete(table).where(
            and_(table.c.network_id == bindparam("network_id"), table.c.device_id == bindparam("device_id")),
            among(table.c.tag_id, "tag_ids"),
        )
    )
    for table in (device_tag, device_tag_element)
)
