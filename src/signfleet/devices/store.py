"""The SQL of devices."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.storage.query import Query, among
from signfleet.storage.tables import (
    device,
    device_document,
    device_properties,
    location,
)

NETWORK_ID = bindparam("network_id", type_=device.c.network_id.type)

#: Everything that a Player entity is spliced from.
PLAYER = (
    select(
        device.c.id,
        device.c.serial,
        device.c.model,
        device.c.family,
        device.c.registration_date,
        device.c.last_modified_date,
        device.c.version,
        device.c.health,
        device.c.status_date,
        device.c.changed_date,
        device_document.c.settings,
        device_document.c.status,
        device_document.c.subscription,
        device_document.c.tagged_groups,
        device_document.c.tags,
        device_document.c.permissions,
    )
    .select_from(device)
    .join(
        device_document,
        and_(device_document.c.network_id == device.c.network_id, device_document.c.device_id == device.c.id),
    )
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
