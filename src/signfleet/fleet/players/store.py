"""The SQL of the player's side."""

from __future__ import annotations

from sqlalchemy import Integer, Table, and_, bindparam, func, select

from signfleet.fleet.devices.store import DOCUMENT_OF_DEVICE, ITS_DOCUMENT, THIS_DEVICE
from signfleet.fleet.health.store import LAST_ERROR
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_download,
    device_error,
    device_secret,
    network,
    screenshot,
    token,
)
from signfleet.identity.access.store import is_token

#: More than one report brings.
SURPLUS_AT_ONCE = 200

_LIFETIMES = (network.c.device_access_token_lifetime, network.c.device_refresh_token_lifetime)

SETUP_TOKEN = Query(
    select(
        network.c.id,
        network.c.name,
        network.c.is_locked_out,
        network.c.protocol_1_until,
        token.c.hash,
        token.c.valid_to,
        token.c.max_uses,
        *_LIFETIMES,
    )
    .select_from(token)
    .join(network, network.c.id == token.c.network_id)
    .where(token.c.hash == bindparam("hash"), is_token("setup"))
)
#: Counts another device that joins with a setup token, unless that has no use left.
USE_SETUP_TOKEN = Query(
    token.update()
    .where(token.c.hash == bindparam("token_hash"), func.coalesce(token.c.uses, 0) < token.c.max_uses)
    .values(uses=func.coalesce(token.c.uses, 0) + 1)
)
LIFETIMES = Query(select(network.c.is_locked_out, *_LIFETIMES).where(network.c.id == bindparam("network_id")))

#: The secret of the device that has a serial, in whatever network.
SECRET_OF_SERIAL = Query(
    select(device.c.network_id, device.c.id, device_secret.c.hash)
    .select_from(device)
    .join(
        device_secret,
        and_(device_secret.c.network_id == device.c.network_id, device_secret.c.device_id == device.c.id),
    )
    .where(device.c.serial_key == bindparam("serial_key"))
)
#: The access token that a session got for a refresh token.
GRANTED = Query(
    select(token.c.used_date).where(
        token.c.session_id == bindparam("of_session_id"),
        is_token("access"),
        token.c.granted_by == bindparam("refresh_hash"),
    )
)
NOTE_GRANT = Query(
    token.update()
    .where(token.c.session_id == bindparam("of_session_id"), is_token("access"))
    .values(granted_by=bindparam("refresh_hash"))
)
#: What was lost on the way is not to be used.
SPEND_REFRESH_TOKENS = Query(
    token.update()
    .where(token.c.session_id == bindparam("of_session_id"), is_token("refresh"), token.c.used_date.is_(None))
    .values(used_date=bindparam("now"))
)

_IS_DEVICE = and_(device.c.network_id == bindparam("network_id"), device.c.id == bindparam("device_id"))

#: Locks the device until the transaction ends.
LOCK_DEVICE = Query(select(device.c.network_id, device.c.id, device.c.serial).where(_IS_DEVICE).with_for_update())
CHANGE_MODEL = Query(
    device.update()
    .where(THIS_DEVICE)
    .values(
        model=bindparam("new_model"),
        model_key=bindparam("new_model_key"),
        family=bindparam("new_family"),
        last_modified_date=bindparam("moment"),
        changed_date=bindparam("moment"),
        version=device.c.version + 1,
    )
)

CHANGE_IDENTITY = Query(device_document.update().where(ITS_DOCUMENT).values(identity=bindparam("new_identity")))

#: What a report is judged by; the device is locked until the unit of work ends. So is its document: PostgreSQL reads
#: anew what it had to wait for, and nothing else.
REPORTING = Query(
    select(
        device.c.serial,
        device.c.report_sequence,
        device.c.changed_date,
        device_document.c.settings,
        device_document.c.status,
        LAST_ERROR,
    )
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .where(_IS_DEVICE)
    .with_for_update(of=[device, device_document])
)
TAKE_REPORT = Query(
    device.update()
    .where(THIS_DEVICE)
    .values(
        report_sequence=bindparam("sequence"),
        status_date=bindparam("now"),
        changed_date=bindparam("changed"),
        health=bindparam("new_health"),
        health_due_date=bindparam("new_health_due_date"),
    )
)
SET_STATUS = Query(device_document.update().where(ITS_DOCUMENT).values(status=bindparam("new_status")))
INSERT_ERROR = Query(device_error.insert())
#: Errors of a device around those that come in, the newest first.
RECENT_ERRORS = Query(
    select(
        device_error.c.id,
        device_error.c.timestamp,
        device_error.c.name,
        device_error.c.event,
        device_error.c.reason,
        device_error.c.response_code,
    )
    .where(
        device_error.c.network_id == bindparam("network_id"),
        device_error.c.device_id == bindparam("device_id"),
        device_error.c.timestamp.between(bindparam("earliest"), bindparam("latest")),
    )
    .order_by(device_error.c.timestamp.desc(), device_error.c.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)
COUNT_ERROR = Query(
    device_error.update()
    .where(
        device_error.c.network_id == bindparam("in_network"),
        device_error.c.device_id == bindparam("of_device"),
        device_error.c.id == bindparam("this_id"),
    )
    .values(count=device_error.c.count + bindparam("more"))
)


def _surplus(table: Table) -> Query:
    """Deletes what a device has beyond its newest `most`: a short walk along an index, a few at once."""
    its = and_(table.c.network_id == bindparam("network_id"), table.c.device_id == bindparam("device_id"))
    surplus = (
        select(table.c.id)
        .where(its)
        .order_by(table.c.timestamp.desc(), table.c.id.desc())
        .limit(SURPLUS_AT_ONCE)
        .offset(bindparam("most", type_=Integer()))
    )
    return Query(table.delete().where(its, table.c.id.in_(surplus)))


DELETE_SURPLUS_ERRORS = _surplus(device_error)
DELETE_SURPLUS_DOWNLOADS = _surplus(device_download)
INSERT_DOWNLOAD = Query(device_download.insert())

#: What a picture is kept with; the device and its document are locked until the unit of work ends.
SHOWING = Query(
    select(device.c.serial, device.c.serial_key, device_document.c.settings, device_document.c.status)
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .where(_IS_DEVICE)
    .with_for_update(of=[device, device_document])
)
_ITS_SCREENSHOTS = and_(
    screenshot.c.network_id == bindparam("network_id"), screenshot.c.device_id == bindparam("device_id")
)
SCREENSHOT_OF_MOMENT = Query(
    select(screenshot.c.id, screenshot.c.width, screenshot.c.height, screenshot.c.file_size).where(
        _ITS_SCREENSHOTS,
        screenshot.c.sent_timestamp == bindparam("sent"),
        screenshot.c.utc_timestamp.between(bindparam("earliest"), bindparam("latest")),
    )
)
INSERT_SCREENSHOT = Query(screenshot.insert())
_old_screenshots = select(screenshot.c.id, screenshot.c.file_size, screenshot.c.blob, screenshot.c.thumbnail).where(
    _ITS_SCREENSHOTS
)
#: All but those that came last.
SURPLUS_SCREENSHOTS = Query(
    _old_screenshots.order_by(screenshot.c.id.desc()).offset(bindparam("kept", type_=Integer()))
)
#: Those that came first, but for a new one.
OLDEST_SCREENSHOTS = Query(
    _old_screenshots.where(screenshot.c.id != bindparam("new"))
    .order_by(screenshot.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
DELETE_SCREENSHOTS = Query(
    screenshot.delete().where(screenshot.c.network_id == bindparam("in_network"), among(screenshot.c.id, "ids"))
)
