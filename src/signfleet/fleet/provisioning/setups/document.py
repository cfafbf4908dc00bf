"""Reads the few members of a setup that the server needs. Everything else is the client's."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from signfleet.foundation.errors import Forbidden, Invalid
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.text import fold

#: How long names in it may be.
_LONGEST = 256


class Named(NamedTuple):
    """What a setup is found by."""

    package_name: str
    username: str


class ForPlayer(NamedTuple):
    """What a setup decides for a player that joins; None: nothing."""

    token: str | None = None
    group: str | None = None
    name: str | None = None
    description: str | None = None
    timezone: str | None = None


def for_player(document: str) -> ForPlayer:
    """Returns what the stored document of a setup decides for a player. What is no text decides nothing."""
    members = msgspec.json.decode(document, type=dict[str, msgspec.Raw])

    def text(name: str, longest: int) -> str | None:
        raw = member(members, name)
        return None if raw is None else _as_text(msgspec.json.decode(raw), longest)

    entity = member(members, "bsnDeviceRegistrationTokenEntity")
    issued = None if entity is None else msgspec.json.decode(entity)
    return ForPlayer(
        token=_as_text(member(issued, "token"), 512) if isinstance(issued, dict) else None,
        group=text("bsnGroupName", _LONGEST),
        name=text("deviceName", 128),
        description=text("deviceDescription", 1024),
        timezone=text("timeZone", 64),
    )


def _as_text(value: Any, longest: int) -> str | None:
    """Returns the beginning of a text; None for an empty one, and for what no store takes."""
    if not isinstance(value, str) or "\x00" in value:
        return None
    return value.strip()[:longest].strip() or None


def check(document: dict[str, Any], network_name: str) -> Named:
    """Returns what a document is found by. Raises `Invalid`, and `Forbidden` if it is for another network."""
    deploy = member(document, "bDeploy")
    if not isinstance(deploy, dict):
        raise Invalid("'bDeploy': a setup needs this object, with 'networkName' and 'packageName'.")
    network, package = (_text(deploy, name) for name in ("networkName", "packageName"))
    if fold(network) != fold(network_name):
        raise Forbidden(f"'bDeploy.networkName' is '{network}'; this session is for the network '{network_name}'.")
    username = member(deploy, "username")
    if isinstance(username, str) and "\x00" in username:
        raise Invalid("'bDeploy.username' contains a NUL character.")
    return Named(package, username[:_LONGEST] if isinstance(username, str) else "")


def member(object_: dict[str, Any], name: str) -> Any:
    """Returns a member whatever the letter case of its name; the exact spelling comes first."""
    if name in object_:
        return object_[name]
    return next((value for key, value in object_.items() if fold(key) == fold(name)), None)


def row(id_: str, document: str, network_name: str, dates: tuple[int, int]) -> dict[str, Any]:
    """Returns a stored setup as lists show it. Copies the members of the document without reading them."""
    members = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    deploy = msgspec.json.decode(member(members, "bDeploy"))
    created, updated = dates
    return {
        "_id": id_,
        "packageName": member(deploy, "packageName"),
        "setupType": member(members, "setupType"),
        "username": member(deploy, "username"),
        "networkName": network_name,
        "bsnGroupName": member(members, "bsnGroupName"),
        "version": member(members, "version"),
        "client": member(deploy, "client"),
        "createdAt": datetime.format_padded(created),
        "updatedAt": datetime.format_padded(updated),
        "setupJson": document,
    }


def _text(deploy: dict[str, Any], name: str) -> str:
    value = member(deploy, name)
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= _LONGEST or "\x00" in value:
        raise Invalid(f"'bDeploy.{name}' must be a text of 1 to {_LONGEST} characters.")
    return value.strip()
