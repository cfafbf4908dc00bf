"""The SQL of devices."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.foundation.storage.concatenation import concatenated
from signfleet.foundation.storage.dates import CHANGED_DATE
from signfleet.foundation.storage.query import Query, among, as_bytes, merged, with_id
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_group,
    device_properties,
    device_status,
    device_text,
    location,
    screenshot,
)


class FoundDevice(Protocol):
    """What an id or serial resolves to."""

    id: int
    serial: str


class LockedDevice(FoundDevice, Protocol):
    """A device that a transaction changes; the last three are parts of its document, as JSON."""

    network_id: int
    model: str
    family: str
    registration_date: int
    last_modified_date: int
    changed_date: int
    version: int
    group_id: int
    settings: str
    tags: str
    permissions: str
    #: JSON, as `managed.read` reads it
    managed: str | None


class PlayerRow(Protocol):
    """A device with its Player entity as JSON."""

    id: int
    version: int
    last_modified_date: int
    changed_date: int
    document: bytes


class PlayerWithPermissions(PlayerRow, Protocol):
    #: JSON
    permissions: str


class TargetGroup(Protocol):
    """A group that a device moves to."""

    id: int
    name: str


NETWORK_ID = bindparam("network_id", type_=device.c.network_id.type)

#: The column that permissions for single devices refer to.
DEVICE_ID = device.c.id

#: Joins a device to its document.
DOCUMENT_OF_DEVICE = and_(
    device_document.c.network_id == device.c.network_id, device_document.c.device_id == device.c.id
)
#: Joins a device to its status.
STATUS_OF_DEVICE = and_(device_status.c.network_id == device.c.network_id, device_status.c.device_id == device.c.id)
#: One device, its document and its status, in statements that write them.
THIS_DEVICE = with_id(device.c.id, "of_device")
ITS_DOCUMENT = with_id(device_document.c.device_id, "of_device")
ITS_STATUS = with_id(device_status.c.device_id, "of_device")

#: A Player entity as JSON, in statements that join document and status.
DOCUMENT: ColumnElement[str] = (
    device_document.c.head + func.coalesce(device_status.c.status, "null") + device_document.c.tail
)

#: A device with its dates and version, which conditional requests compare, and its document.
PLAYER = (
    select(
        device.c.id,
        device.c.version,
        device.c.last_modified_date,
        CHANGED_DATE,
        as_bytes(DOCUMENT).label("document"),
    )
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .join(device_status, STATUS_OF_DEVICE)
    .where(device.c.network_id == NETWORK_ID)
)
PLAYER_BY_ID = Query(PLAYER.where(device.c.id == bindparam("id")), PlayerRow)
PLAYER_BY_SERIAL = Query(PLAYER.where(device.c.serial_key == bindparam("serial_key")), PlayerRow)
#: The Player entities with some ids, and the permissions in them as JSON.
WITH_PERMISSIONS = Query(
    PLAYER.add_columns(device_document.c.permissions).where(among(device.c.id, "ids")), PlayerWithPermissions
)
#: The Player entities of a page.
DOCUMENTS = Query(
    select(
        concatenated(
            DOCUMENT,
            device_document.c.device_id,
            "ids",
            (device_document, device_status),
            and_(
                device_document.c.network_id == NETWORK_ID,
                device_status.c.network_id == device_document.c.network_id,
                device_status.c.device_id == device_document.c.device_id,
            ),
        ).label("documents")
    )
)

#: Locks the device that has a serial, in any network, until the transaction ends.
DEVICE_OF_SERIAL = Query(
    select(
        device.c.network_id,
        device.c.id,
        device.c.serial,
        device.c.model,
        device.c.registration_date,
        CHANGED_DATE,
        device_status.c.report_sequence,
    )
    .select_from(device)
    .join(device_status, STATUS_OF_DEVICE)
    .where(device.c.serial_key == bindparam("serial_key"))
    .with_for_update(of=[device, device_status])
)
#: The reason of a new device's health has no details, and no command waits for it.
INSERT_DEVICE = Query(
    device.insert(),
    columns=[
        column.name
        for column in device.c
        if column.name != "has_commands" and not column.name.startswith("health_reason_")
    ],
)
INSERT_DOCUMENT = Query(
    device_document.insert(), columns=[column.name for column in device_document.c if column.computed is None]
)
INSERT_STATUS = Query(device_status.insert())
INSERT_PROPERTIES = Query(device_properties.insert())

#: Keeps the names of a place that were given first.
INSERT_LOCATION = Query(insert(location).on_conflict_do_nothing())

#: A part of a device's document as JSON, by its name.
PART = {
    column.name: Query(
        select(column.label("part")).where(
            device_document.c.network_id == NETWORK_ID, device_document.c.device_id == bindparam("device_id")
        )
    )
    for column in (device_document.c.settings, device_document.c.tags, device_document.c.permissions)
}


class SettingsRow(Protocol):
    serial: str
    #: JSON
    settings: str
    #: As `LockedDevice.managed`.
    managed: str | None


#: What a player applies.
SETTINGS_TO_APPLY = Query(
    select(device.c.serial, device_document.c.settings, device_document.c.managed)
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .where(device.c.network_id == NETWORK_ID, device.c.id == bindparam("device_id")),
    SettingsRow,
)
#: Writes which parts of its settings operators have set, with the settings.
CHANGE_SETTINGS = Query(
    device_document.update()
    .where(ITS_DOCUMENT)
    .values(identity=bindparam("new_identity"), settings=bindparam("new_part"), managed=bindparam("new_managed"))
)

#: Resolves an id or serial.
DEVICE_BY_ID = Query(
    select(device.c.id, device.c.serial).where(device.c.network_id == NETWORK_ID, device.c.id == bindparam("id")),
    FoundDevice,
)
DEVICE_BY_SERIAL = Query(
    select(device.c.id, device.c.serial).where(
        device.c.network_id == NETWORK_ID, device.c.serial_key == bindparam("serial_key")
    ),
    FoundDevice,
)

#: Locks a device, its document and its status until the transaction ends, and reads what changes need. All three are
#: locked, because PostgreSQL rereads only rows that it waited for: without its own lock one would show an old state.
LOCK_DEVICE = Query(
    select(
        device.c.network_id,
        device.c.id,
        device.c.serial,
        device.c.model,
        device.c.family,
        device.c.registration_date,
        device.c.last_modified_date,
        CHANGED_DATE,
        device.c.version,
        device.c.group_id,
        device_document.c.settings,
        device_document.c.tags,
        device_document.c.permissions,
        device_document.c.managed,
    )
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .join(device_status, STATUS_OF_DEVICE)
    .where(device.c.network_id == NETWORK_ID, device.c.id == bindparam("device_id"))
    .with_for_update(of=[device, device_document, device_status]),
    LockedDevice,
)
#: Locks the group that a device moves to, FOR SHARE: until the transaction ends it is neither deleted nor renamed.
_GROUP = (
    select(device_group.c.id, device_group.c.name)
    .where(device_group.c.network_id == NETWORK_ID)
    .with_for_update(read=True)
)
GROUP_BY_ID = Query(_GROUP.where(device_group.c.id == bindparam("id")), TargetGroup)
GROUP_BY_NAME = Query(_GROUP.where(device_group.c.name_key == bindparam("name_key")), TargetGroup)

CHANGE_DEVICE = Query(
    device.update()
    .where(THIS_DEVICE)
    .values(
        version=device.c.version + 1,
        last_modified_date=bindparam("moment"),
        changed_date=bindparam("moment"),
        name_key=bindparam("new_name_key"),
        name_order=bindparam("new_name_order"),
        group_id=bindparam("new_group_id"),
        gps_latitude=bindparam("new_latitude"),
        gps_longitude=bindparam("new_longitude"),
        location_key=bindparam("new_location_key"),
    )
)
#: Advances version and dates when something other than the settings changes.
TOUCH_DEVICE = Query(
    device.update()
    .where(THIS_DEVICE)
    .values(version=device.c.version + 1, last_modified_date=bindparam("moment"), changed_date=bindparam("moment"))
)
#: Replaces a part of the document, by its name, and the identity, which has the date of the change.
CHANGE_PART = {
    part: Query(
        device_document.update()
        .where(ITS_DOCUMENT)
        .values({"identity": bindparam("new_identity"), part: bindparam("new_part")})
    )
    for part in ("tags", "permissions")
}
MERGE_PROPERTIES = Query(
    device_properties.update()
    .where(with_id(device_properties.c.device_id, "of_device"))
    .values(properties=merged(device_properties.c.properties, "changes"))
)

#: Writes the description that the search index has; triggers write the other texts.
SET_DESCRIPTION = Query(
    device_text.update()
    .where(with_id(device_text.c.device_id, "of_device"))
    .values(description_key=bindparam("new_description_key"))
)

#: Locks those of some devices that exist until the transaction ends, in the order of their ids.
LOCK_DEVICES = Query(
    select(device.c.id)
    .where(device.c.network_id == NETWORK_ID, among(device.c.id, "ids"))
    .order_by(device.c.id)
    .with_for_update()
)
#: What the audit trail records of deleted devices.
SETTINGS_AMONG = Query(
    select(device.c.id, device.c.serial, device_document.c.settings)
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .where(device.c.network_id == NETWORK_ID, among(device.c.id, "ids"))
    .order_by(device.c.id)
)
#: The same without settings, for many devices.
SERIALS_AMONG = Query(
    select(device.c.id, device.c.serial)
    .where(device.c.network_id == NETWORK_ID, among(device.c.id, "ids"))
    .order_by(device.c.id)
)

_locked_screenshots = (
    select(screenshot.c.file_size)
    .where(screenshot.c.network_id == NETWORK_ID, among(screenshot.c.device_id, "ids"))
    .order_by(screenshot.c.id)
    .with_for_update()
    .subquery()
)
#: Locks the screenshots of some devices until the transaction ends. Lock order: screenshots before `unneeded_file`.
#: Returns the sum of their sizes instead of ids, since there may be millions.
LOCK_SCREENSHOTS = Query(
    select(cast(func.coalesce(func.sum(_locked_screenshots.c.file_size), 0), BigInteger).label("bytes"))
)
