"""A provisioning record as clients send and read it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.fleet.provisioning.records.store import RecordRow
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode

#: The columns of the members that clients send, by their folded names.
MEMBERS: Final = {
    "_id": "id",
    "id": "id",
    "networkname": "network_name",
    "username": "username",
    "serial": "serial",
    "name": "name",
    "model": "model",
    "desc": "description",
    "description": "description",
    "setupid": "setup_id",
    "setupname": "setup_name",
    "url": "url",
    "userdata": "user_data",
}
#: A client takes a setup away by leaving these out: they are replaced together, the others stay.
SETUP_MEMBERS: Final = ("setup_id", "setup_name", "url")
_LONGEST: Final = {"description": 4096, "url": 2048, "user_data": 16_384}


def check(given: dict[str, Any]) -> dict[str, Any]:
    """Returns the values for the columns. Raises `Invalid` with the member's name."""
    checked: dict[str, Any] = {}
    for column, value in given.items():
        longest = _LONGEST.get(column, 256)
        if column == "user_data":
            text = None if value is None else encode(value).decode()
            if text is not None and len(text) > longest:
                raise Invalid(f"'userdata' has more than {longest} characters.")
            checked[column] = text
        elif value is None or isinstance(value, str):
            if value is not None and (len(value) > longest or "\x00" in value):
                raise Invalid(f"'{column}' must have at most {longest} characters and no NUL.")
            checked[column] = value
        else:
            raise Invalid(f"'{column}' must be a text.")
    return checked


def entity(row: RecordRow, network_name: str) -> dict[str, Any]:
    """Returns a record as clients read it; they read the network's name in two spellings."""
    return {
        "_id": row.id,
        "client": row.username,
        "networkName": network_name,
        "NetworkName": network_name,
        "username": row.username,
        "serial": row.serial,
        "name": row.name or "",
        "model": row.model or "",
        "desc": row.description or "",
        "setupId": row.setup_id,
        "setupName": row.setup_name,
        "url": row.url,
        "userData": None if row.user_data is None else msgspec.Raw(row.user_data.encode()),
        "createdAt": datetime.format_padded(row.creation_date),
        "updatedAt": datetime.format_padded(row.last_modified_date),
        "__v": row.version,
    }
