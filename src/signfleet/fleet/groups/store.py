"""The SQL of device groups."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import ColumnElement, Integer, and_, bindparam, func, select

from signfleet.fleet.devices.document import identity_json
from signfleet.fleet.devices.store import STATUS_OF_DEVICE
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.dates import CHANGED_DATE, NEXT_MOMENT
from signfleet.foundation.storage.query import Query, among, json_member, merged, with_id
from signfleet.foundation.storage.tables import device, device_document, device_group, device_properties, device_status


class GroupRow(Protocol):
    """A group."""

    network_id: int
    id: int
    name: str
    name_key: str
    description: str | None
    creation_date: int
    last_modified_date: int


class MemberRow(Protocol):
    """A device of a group."""

    id: int
    serial: str


class LockedMember(Protocol):
    """A device of a group, with the date of its last change in ms."""

    id: int
    changed_date: int


class CountRow(Protocol):
    """How many devices there are."""

    devices: int


#: The columns that permissions for single groups, and for single devices, refer to.
GROUP_ID = device_group.c.id
DEVICE_ID = device.c.id

_group = select(device_group).where(device_group.c.network_id == bindparam("network_id"))
GROUP_BY_ID = Query(_group.where(device_group.c.id == bindparam("id")), GroupRow)
GROUP_BY_NAME = Query(_group.where(device_group.c.name_key == bindparam("name_key")), GroupRow)
GROUPS_AMONG = Query(_group.where(among(device_group.c.id, "ids")), GroupRow)
#: Locks a group until the transaction ends.
LOCK_GROUP = Query(_group.where(device_group.c.id == bindparam("id")).with_for_update(), GroupRow)
#: Locks it FOR SHARE: until the transaction ends it is neither deleted nor renamed.
SHARE_GROUP = Query(_group.where(device_group.c.id == bindparam("id")).with_for_update(read=True), GroupRow)

COUNT_GROUPS = Query(
    select(func.count().label("total"))
    .select_from(device_group)
    .where(device_group.c.network_id == bindparam("network_id"))
)
INSERT_GROUP = Query(device_group.insert())
_THIS = with_id(device_group.c.id)
UPDATE_GROUP = Query(
    device_group.update()
    .where(_THIS)
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        name_order=bindparam("new_name_order"),
        description=bindparam("new_description"),
        last_modified_date=bindparam("now"),
    )
)
TOUCH_GROUP = Query(device_group.update().where(_THIS).values(last_modified_date=bindparam("now")))
DELETE_GROUP = Query(device_group.delete().where(_THIS))

_IN_GROUP = and_(device.c.network_id == bindparam("network_id"), device.c.group_id == bindparam("group_id"))
#: Locks some devices of a group until the transaction ends: the first ones after an id.
LOCK_MEMBERS = Query(
    select(device.c.id, CHANGED_DATE)
    .select_from(device)
    .join(device_status, STATUS_OF_DEVICE)
    .where(_IN_GROUP, device.c.id > bindparam("after", type_=device.c.id.type))
    .order_by(device.c.id)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(of=[device, device_status]),
    LockedMember,
)
#: The spellings of a group's name in the documents of devices.
NAMES_IN_DOCUMENTS = Query(
    select(json_member(device_document.c.settings, "group.name").label("name"))
    .distinct()
    .where(device_document.c.network_id == bindparam("network_id"), among(device_document.c.device_id, "ids"))
)

_MEMBERS = select(device.c.id).where(with_id(device.c.group_id), among(device.c.id, "ids"))
#: Writes the new name of a group to some of its devices: their settings, the properties that filters read, their dates.
RENAME_IN_DEVICES = (
    Query(
        device_document.update()
        .where(device_document.c.network_id == bindparam("in_network"), device_document.c.device_id.in_(_MEMBERS))
        .values(settings=func.replace(device_document.c.settings, bindparam("old_text"), bindparam("new_text")))
    ),
    Query(
        device_properties.update()
        .where(device_properties.c.network_id == bindparam("in_network"), device_properties.c.device_id.in_(_MEMBERS))
        .values(properties=merged(device_properties.c.properties, "changes"))
    ),
    Query(
        device.update().where(with_id(device.c.group_id), among(device.c.id, "ids")).values(changed_date=NEXT_MOMENT)
    ),
)


def _dated(column: ColumnElement[str], document: ColumnElement[str]) -> ColumnElement[str]:
    """Replaces the date of the last change in `column`; `document` is the column's JSON, which has the present one."""
    present = '"lastModifiedDate":"' + func.coalesce(json_member(document, "lastModifiedDate"), "") + '"'
    return func.replace(column, present, bindparam("new_date"))


#: Moves some devices of a group to another: their settings, the properties that filters read, their dates and versions.
MOVE_DEVICES = (
    Query(
        device_document.update()
        .where(device_document.c.network_id == bindparam("in_network"), device_document.c.device_id.in_(_MEMBERS))
        .values(
            identity=_dated(device_document.c.identity, identity_json(device_document.c.identity)),
            settings=func.replace(
                _dated(device_document.c.settings, device_document.c.settings),
                bindparam("old_text"),
                bindparam("new_text"),
            ),
        )
    ),
    RENAME_IN_DEVICES[1],
    Query(
        device.update()
        .where(with_id(device.c.group_id), among(device.c.id, "ids"))
        .values(
            group_id=bindparam("new_group_id"),
            version=device.c.version + 1,
            last_modified_date=bindparam("moment"),
            changed_date=bindparam("moment"),
        )
    ),
)


def devices_in(scope: Scope) -> Query[MemberRow]:
    """Returns a query for the devices of a group that a scope admits."""
    members = select(device.c.id, device.c.serial).where(_IN_GROUP, *scope.conditions)
    return Query(members.order_by(device.c.serial_key), MemberRow)


def count_in(scope: Scope) -> Query[CountRow]:
    """Returns a query that counts the devices of a group that a scope admits."""
    return Query(select(func.count().label("devices")).where(_IN_GROUP, *scope.conditions), CountRow)


def count_among(scope: Scope) -> Query[CountRow]:
    """Returns a query that counts those of some devices that a scope admits."""
    return Query(
        select(func.count().label("devices")).where(
            device.c.network_id == bindparam("network_id"), among(device.c.id, "ids"), *scope.conditions
        )
    )
