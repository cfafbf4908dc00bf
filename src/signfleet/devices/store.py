"""The SQL of devices."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.storage.query import Query, among, utf8
from signfleet.storage.tables import (
    device,
    device_document,
    device_properties,
    location,
)

NETWORK_ID = bindparam("network_id", type_=device.c.network_id.type)

#: By what permissions for single devices find theirs.
DEVICE_ID = device.c.id

_DOCUMENT_OF_DEVICE = and_(
    device_document.c.network_id == device.c.network_id, device_document.c.device_id == device.c.id
)

#: A Player entity, ready to be sent (`document`, bytes), and what conditional requests need to know of it.
PLAYER = (
    select(
        device.c.id,
        device.c.version,
        device.c.last_modified_date,
        device.c.changed_date,
        utf8(
            literal_column("'{'")
            + device_document.c.identity
            + literal_column("""',"settings":'""")
            + device_document.c.settings
            + literal_column("""',"status":'""")
            + func.coalesce(device_document.c.status + device_document.c.status_end, literal_column("'null'"))
            + literal_column("""',"subscription":'""")
            + func.coalesce(device_document.c.subscription, literal_column("'null'"))
            + literal_column("""',"taggedGroups":'""")
            + device_document.c.tagged_groups
            + literal_column("""',"tags":'""")
            + device_document.c.tags
            + literal_column("""',"permissions":'""")
            + device_document.c.permissions
            + literal_column("'}'")
        ).label("document"),
    )
    .select_from(device)
    .join(device_document, _DOCUMENT_OF_DEVICE)
    .where(device.c.network_id == NETWORK_ID)
)
PLAYER_BY_ID = Query(PLAYER.where(device.c.id == bindparam("id")))
PLAYER_BY_SERIAL = Query(PLAYER.where(device.c.serial_key == bindparam("serial_key")))
PLAYERS_AMONG = Query(PLAYER.where(among(device.c.id, "ids")))

#: Who has a serial, in whatever network; locked until the unit of work ends.
OWNER_OF_SERIAL = Query(
    select(device.c.network_id, device.c.id)
    .where(device.c.serial_key == bindparam("serial_key"))
    .with_for_update(of=device)
)
INSERT_DEVICE = Query(device.insert())
INSERT_DOCUMENT = Query(device_document.insert())
INSERT_PROPERTIES = Query(device_properties.insert())

#: The names of a place are those given first.
INSERT_LOCATION = Query(insert(location).on_conflict_do_nothing())
