"""The parts of a Player entity as they are stored: the store puts them together, nothing is decoded."""

from __future__ import annotations

from signfleet.storage.interface import Row
from signfleet.wire.datetime import format as format_date
from signfleet.wire.json import encode


def identity(*, id_: int, serial: str, model: str, family: str, registration_date: int, last_modified_date: int) -> str:
    """`device_document.identity`; dates in ms. It has to be written anew whenever one of these changes."""
    return (
        f'"id":{id_},"serial":{_text(serial)},"model":{_text(model)},"family":{_text(family)},'
        f'"registrationDate":"{format_date(registration_date)}","lastModifiedDate":"{format_date(last_modified_date)}"'
    )


def status_end(health: str, status_date: int) -> str:
    """`device_document.status_end`: what the server adds to a report; the date, of the report, in ms."""
    return f',"health":"{health}","lastModifiedDate":"{format_date(status_date)}"}}'


def etag(row: Row) -> str:
    """The entity tag of a device: what writes are guarded by, then what reads are."""
    return f"{row.version}-{row.changed_date:x}"


def _text(value: str) -> str:
    return encode(value).decode()
