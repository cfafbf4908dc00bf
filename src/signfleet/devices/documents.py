"""Splices Player entities from the stored parts: nothing is decoded to be answered."""

from __future__ import annotations

from signfleet.http.call import encode
from signfleet.storage.interface import Row
from signfleet.wire.datetime import format as format_date


def player(row: Row) -> bytes:
    """The Player entity of a row of `store.PLAYER`, as compact JSON."""
    return (
        f'{{"id":{row.id},"serial":"{row.serial}","model":{encode(row.model).decode()},"family":"{row.family}",'
        f'"registrationDate":"{format_date(row.registration_date)}",'
        f'"lastModifiedDate":"{format_date(row.last_modified_date)}",'
        f'"settings":{row.settings},"status":{status(row)},"subscription":{row.subscription or "null"},'
        f'"taggedGroups":{row.tagged_groups},"tags":{row.tags},"permissions":{row.permissions}}}'
    ).encode()


def status(row: Row) -> str:
    """The Player Full Status: what the device said, and the health and date that the server keeps beside it."""
    if row.status is None:
        return "null"
    date = format_date(row.status_date)
    return f'{row.status[:-1]},"health":"{row.health}","lastModifiedDate":"{date}"}}'


def etag(row: Row) -> str:
    """The entity tag: what writes are guarded by, then what reads are."""
    return f"{row.version}-{row.changed_date:x}"
