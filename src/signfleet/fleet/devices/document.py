"""The stored document of a device: its parts, its identity, its entity tag, and how changes are written.

The database concatenates the parts to a Player entity; nothing is decoded. What stands before and behind the status is
assembled when one of its parts is written (`device_document.head` and `tail`); the status, which changes with every
report, is spliced in when the device is read (`store.DOCUMENT`). The identity is not JSON by itself: it has no braces.
Example, a line for each part; the database adds the braces, commas and names before them:

    {"id":7,"serial":"A1",…,"lastModifiedDate":"2026-01-02T03:04:05Z"                 head: identity
    ,"settings":{"name":"Lobby",…} ,"status":                                               settings
    {"uptime":"00:05:00",…,"health":"Normal","lastModifiedDate":"2026-01-02T03:04:00Z"}   device_status.status
    ,"subscription":{…} ,"taggedGroups":[] ,"tags":{} ,"permissions":[] }             tail
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import Any, Protocol

from signfleet.fleet.devices import store as queries
from signfleet.fleet.devices.store import LockedDevice, PlayerRow
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode

#: Begins what the server adds to the status that a device reports.
_HEALTH = ',"health":'


class _Dated(Protocol):
    """A device with the date (ms) of the last change of its document."""

    changed_date: int


def identity(*, id_: int, serial: str, model: str, family: str, registration_date: int, last_modified_date: int) -> str:
    """Returns `device_document.identity`; dates in ms. Whatever changes one of the arguments has to rewrite it."""
    return (
        f'"id":{id_},"serial":{_text(serial)},"model":{_text(model)},"family":{_text(family)},'
        f'"registrationDate":"{datetime.format(registration_date)}",'
        f'"lastModifiedDate":"{datetime.format(last_modified_date)}"'
    )


def identity_json(identity: Any) -> Any:
    """Returns the JSON of an identity, which is a text or a column."""
    return "{" + identity + "}"


def status_json(reported: str, health: str, status_date: int) -> str:
    """Returns `device_status.status`: the JSON of a report without its closing brace, health and date (in ms)."""
    return f'{reported}{_HEALTH}"{health}","lastModifiedDate":"{datetime.format(status_date)}"}}'


def reported_part(status: str) -> str:
    """Returns the first argument of `status_json` for a status that it returned."""
    return status[: status.rindex(_HEALTH)]


def with_permissions(document: bytes, permissions: str, shown: str) -> bytes:
    """Replaces the `permissions` of a Player entity, its last member, by those that are `shown`."""
    return document.removesuffix(f"{permissions}}}".encode()) + f"{shown}}}".encode()


def etag(row: PlayerRow) -> str:
    """Returns the entity tag of a device: its version, which preconditions compare, and the date of its document."""
    return f"{row.version}-{row.changed_date:x}"


def settings_etag(settings: str) -> str:
    """Returns the entity tag of the settings of a device as its player gets them, without quotes."""
    return urlsafe_b64encode(blake2b(settings.encode(), digest_size=12).digest()).decode()


def next_moment(row: _Dated, now: int) -> int:
    """Returns the date of a change of the device at `now`, in ms."""
    return datetime.next_moment(row.changed_date, now)


async def write_part(tx: Transaction, row: LockedDevice, part: str, document: str, moment: int) -> None:
    """Replaces a part (a name in `store.CHANGE_PART`) of the document of a device locked by `store.LOCK_DEVICE`.

    The caller also writes the device's own columns: by `touch`, unless it updates them anyway.
    """
    await _write(tx, queries.CHANGE_PART[part], row, document, moment)


async def write_settings(tx: Transaction, row: LockedDevice, settings: str, managed: str, moment: int) -> None:
    """Does what `write_part` does for the settings; `managed` are the parts of them that operators have set."""
    await _write(tx, queries.CHANGE_SETTINGS, row, settings, moment, new_managed=managed)


async def _write(
    tx: Transaction, query: Query[Any], row: LockedDevice, document: str, moment: int, **more: str
) -> None:
    await tx.execute(
        query,
        in_network=row.network_id,
        of_device=row.id,
        new_identity=identity(
            id_=row.id,
            serial=row.serial,
            model=row.model,
            family=row.family,
            registration_date=row.registration_date,
            last_modified_date=moment,
        ),
        new_part=document,
        **more,
    )


async def touch(tx: Transaction, row: LockedDevice, moment: int) -> None:
    """Advances version and dates for a change of tags or permissions."""
    await tx.execute(queries.TOUCH_DEVICE, in_network=row.network_id, of_device=row.id, moment=moment)


def _text(value: str) -> str:
    return encode(value).decode()
