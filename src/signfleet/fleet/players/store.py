"""The SQL of the player protocol."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Integer, Table, and_, bindparam, func, null, select

from signfleet.fleet.devices.store import DOCUMENT_OF_DEVICE, ITS_DOCUMENT, STATUS_OF_DEVICE, THIS_DEVICE
from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_download,
    device_error,
    device_secret,
    device_status,
    network,
    screenshot,
    token,
)
from signfleet.identity.access.store import is_token

#: How many surplus rows one report deletes at most: more than it can insert.
SURPLUS_AT_ONCE = 200

_LIFETIMES = (network.c.device_access_token_lifetime, network.c.device_refresh_token_lifetime)


class DeviceTokenLifetimes(Protocol):
    """How long tokens of a network's devices live, in ms."""

    device_access_token_lifetime: int
    device_refresh_token_lifetime: int


class SetupNetwork(DeviceTokenLifetimes, Protocol):
    """The network of a setup token, and the limits of the token."""

    id: int
    name: str
    is_locked_out: int
    #: ms
    protocol_1_until: int | None
    hash: bytes
    #: ms
    valid_to: int
    max_uses: int | None


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
    .where(token.c.hash == bindparam("hash"), is_token("setup")),
    SetupNetwork,
)
#: The network of a join address, as if by a setup token without limits.
NETWORK_OF_JOIN_KEY = Query(
    select(
        network.c.id,
        network.c.name,
        network.c.is_locked_out,
        network.c.protocol_1_until,
        null().label("hash"),
        null().label("valid_to"),
        null().label("max_uses"),
        *_LIFETIMES,
    ).where(network.c.join_key == bindparam("join_key")),
    SetupNetwork,
)
#: Counts a device that joins with a setup token; changes no row if the token has no use left.
USE_SETUP_TOKEN = Query(
    token.update()
    .where(token.c.hash == bindparam("token_hash"), func.coalesce(token.c.uses, 0) < token.c.max_uses)
    .values(uses=func.coalesce(token.c.uses, 0) + 1)
)


class DeviceNetwork(DeviceTokenLifetimes, Protocol):
    is_locked_out: int


LIFETIMES = Query(
    select(network.c.is_locked_out, *_LIFETIMES).where(network.c.id == bindparam("network_id")), DeviceNetwork
)


class SecretOfSerial(Protocol):
    network_id: int
    id: int
    hash: bytes | None


#: The secret of the device that has a serial, in any network.
SECRET_OF_SERIAL = Query(
    select(device.c.network_id, device.c.id, device_secret.c.hash)
    .select_from(device)
    .join(
        device_secret,
        and_(device_secret.c.network_id == device.c.network_id, device_secret.c.device_id == device.c.id),
    )
    .where(device.c.serial_key == bindparam("serial_key")),
    SecretOfSerial,
)


class RegisteredDevice(Protocol):
    """What registration needs of a known device."""

    network_id: int
    id: int
    serial: str
    model: str
    #: ms
    registration_date: int
    #: ms
    changed_date: int
    report_sequence: int


class UsedToken(Protocol):
    """What tells a lost answer from a copied refresh token."""

    session_id: int
    #: ms
    used_date: int | None


#: When the access token that a session got for a refresh token was first used.
USE_OF_GRANTED = Query(
    select(token.c.used_date).where(
        token.c.session_id == bindparam("of_session_id"),
        is_token("access"),
        token.c.granted_by == bindparam("refresh_hash"),
    )
)
SET_GRANTED_BY = Query(
    token.update()
    .where(token.c.session_id == bindparam("of_session_id"), is_token("access"))
    .values(granted_by=bindparam("refresh_hash"))
)
#: Marks the refresh token of an answer that was lost as used.
SPEND_REFRESH_TOKENS = Query(
    token.update()
    .where(token.c.session_id == bindparam("of_session_id"), is_token("refresh"), token.c.used_date.is_(None))
    .values(used_date=bindparam("now"))
)

_IS_DEVICE = and_(device.c.network_id == bindparam("network_id"), device.c.id == bindparam("device_id"))


class TokenDevice(Protocol):
    network_id: int
    id: int
    serial: str


#: Locks the device until the transaction ends.
LOCK_DEVICE = Query(
    select(device.c.network_id, device.c.id, device.c.serial).where(_IS_DEVICE).with_for_update(), TokenDevice
)
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


INSERT_ERROR = Query(device_error.insert())


class RecentError(Protocol):
    id: int
    #: ms
    timestamp: int
    name: str
    event: str
    reason: str | None
    response_code: int


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
    .limit(bindparam("limit", type_=Integer())),
    RecentError,
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
    """Deletes rows of a device beyond its newest `most`, a few at once: a short walk along an index."""
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


class ScreenshotDevice(Protocol):
    serial: str
    serial_key: str
    #: JSON
    settings: str
    #: As `ReportingDevice.status`.
    status: str | None


#: Locks a device that uploads a picture, its document and its status, until the transaction ends.
LOCK_SCREENSHOT_DEVICE = Query(
    select(device.c.serial, device.c.serial_key, device_document.c.settings, device_status.c.status)
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .join(device_status, STATUS_OF_DEVICE)
    .where(_IS_DEVICE)
    .with_for_update(of=[device, device_document, device_status]),
    ScreenshotDevice,
)
_ITS_SCREENSHOTS = and_(
    screenshot.c.network_id == bindparam("network_id"), screenshot.c.device_id == bindparam("device_id")
)


class StoredScreenshot(Protocol):
    id: int
    width: int
    height: int
    file_size: int


SCREENSHOT_OF_MOMENT = Query(
    select(screenshot.c.id, screenshot.c.width, screenshot.c.height, screenshot.c.file_size).where(
        _ITS_SCREENSHOTS,
        screenshot.c.sent_timestamp == bindparam("sent"),
        screenshot.c.utc_timestamp.between(bindparam("earliest"), bindparam("latest")),
    ),
    StoredScreenshot,
)
INSERT_SCREENSHOT = Query(screenshot.insert())


class OldScreenshot(Protocol):
    id: int
    file_size: int
    blob: str
    thumbnail: str


_old_screenshots = select(screenshot.c.id, screenshot.c.file_size, screenshot.c.blob, screenshot.c.thumbnail).where(
    _ITS_SCREENSHOTS
)
#: All but the `count` newest by arrival.
SURPLUS_SCREENSHOTS = Query(
    _old_screenshots.order_by(screenshot.c.id.desc()).offset(bindparam("count", type_=Integer())), OldScreenshot
)
#: The oldest by arrival, except a new one.
OLDEST_SCREENSHOTS = Query(
    _old_screenshots.where(screenshot.c.id != bindparam("new"))
    .order_by(screenshot.c.id)
    .limit(bindparam("limit", type_=Integer())),
    OldScreenshot,
)
DELETE_SCREENSHOTS = Query(
    screenshot.delete().where(screenshot.c.network_id == bindparam("in_network"), among(screenshot.c.id, "ids"))
)
