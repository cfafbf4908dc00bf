"""The SQL of the deletion of devices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Table, bindparam, delete, select, union_all
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.fleet.devices.store import NETWORK_ID
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    blocked_serial,
    command,
    device,
    device_agent,
    device_document,
    device_download,
    device_error,
    device_metrics,
    device_metrics_hour,
    device_note,
    device_properties,
    device_secret,
    device_status,
    device_tag,
    device_tag_element,
    health_period,
    screenshot,
    session,
    unneeded_file,
)

_TAGS = select(device_tag.c.tag_id).where(device_tag.c.network_id == NETWORK_ID, among(device_tag.c.device_id, "ids"))
_FILES = union_all(
    *(
        select(name).where(screenshot.c.network_id == NETWORK_ID, among(screenshot.c.device_id, "ids"))
        for name in (screenshot.c.blob, screenshot.c.thumbnail)
    )
)
#: Blocks the serials of deleted devices, so that the players do not register again by themselves.
_block = insert(blocked_serial).from_select(
    ["network_id", "serial_key", "serial", "date", "device_id"],
    select(
        device.c.network_id, device.c.serial_key, device.c.serial, bindparam("now", type_=BigInteger()), device.c.id
    ).where(device.c.network_id == NETWORK_ID, among(device.c.id, "ids")),
)
_BLOCK = Query(
    _block.on_conflict_do_update(
        index_elements=[blocked_serial.c.network_id, blocked_serial.c.serial_key],
        set_={name: _block.excluded[name] for name in ("date", "device_id")},
    )
)


def _deletion(table: Table, column: Column[Any]) -> Query:
    return Query(delete(table).where(table.c.network_id == NETWORK_ID, among(column, "ids")))


#: Deletes devices, `ids`, of a network, and what belongs to them. The tokens of a session are deleted by its foreign
#: key; files are deleted by the next sweep of `Retention`.
DELETIONS = (
    _BLOCK,
    Query(insert(unneeded_file).from_select(["name"], _FILES).on_conflict_do_nothing()),
    # By tag as well as by device, because the primary key begins with the tag.
    Query(
        delete(device_tag_element).where(
            device_tag_element.c.network_id == NETWORK_ID,
            device_tag_element.c.tag_id.in_(_TAGS.distinct()),
            among(device_tag_element.c.device_id, "ids"),
        )
    ),
    _deletion(device_tag, device_tag.c.device_id),
    _deletion(device_error, device_error.c.device_id),
    _deletion(device_download, device_download.c.device_id),
    _deletion(device_note, device_note.c.device_id),
    _deletion(health_period, health_period.c.device_id),
    _deletion(command, command.c.device_id),
    _deletion(screenshot, screenshot.c.device_id),
    _deletion(device_secret, device_secret.c.device_id),
    _deletion(session, session.c.device_id),
    _deletion(device_agent, device_agent.c.device_id),
    _deletion(device_metrics, device_metrics.c.device_id),
    _deletion(device_metrics_hour, device_metrics_hour.c.device_id),
    _deletion(device_document, device_document.c.device_id),
    _deletion(device_status, device_status.c.device_id),
    _deletion(device_properties, device_properties.c.device_id),
    _deletion(device, device.c.id),
)
