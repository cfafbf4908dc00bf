"""Reads the status in a report: strict in types, lenient in words of newer firmware and in lists that are too long."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
from msgspec import inspect

from signfleet.fleet.devices.schemas import PROTOCOLS, ReportedStatus
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime, flags, timespan
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.validation_messages import explain
from signfleet.web.contract.spelling import exact, members

_UNKNOWN = "Unknown"
_SYSTEMS = ("ExFAT", "ext3", "ext4", "FAT12", "FAT16", "FAT32", "HFS", "HFSplus", "NTFS")
_ACCESS = ("Read", "Write")
#: At most this many words of an array are read; a text of words has the length that a `Word` may have.
_FLAGS_LIMIT = 32
_FLAGS_LENGTH = 128
#: Seconds of the longest time span.
_UPTIME_LIMIT = timespan.MAX_MS // timespan.SECOND
_TYPE = inspect.type_info(ReportedStatus)
_EXACT = exact(ReportedStatus)
#: How many texts of words are cached as they are spelled.
_SPELLINGS = 256


def read_status(given: dict[str, Any]) -> ReportedStatus:
    """Returns the status to store. Raises `Invalid` with the path of the wrong member."""
    status = _read_exact(given) or _read_loose(given)
    status.uptime = None if status.uptime is None else timespan.canonical(status.uptime)
    for name in ("current_settings_timestamp", "current_schedule_timestamp"):
        if (text := getattr(status, name)) is not None:
            setattr(status, name, _canonical_date(name, text))
    return status


def _read_exact(given: dict[str, Any]) -> ReportedStatus | None:
    """Reads a status that is as the type has it, as nearly all are, without a walk in Python; None for any other."""
    try:
        status: ReportedStatus = msgspec.convert(given, _EXACT)
    except msgspec.ValidationError:
        return None
    for storage in status.storage or ():
        storage.access = _flags(storage.access, _ACCESS) if storage.access else None
        storage.system = None if storage.system is None else _word(storage.system, _SYSTEMS)
    for interface in (status.network and status.network.interfaces) or ():
        interface.proto = _flags(interface.proto, PROTOCOLS) if interface.proto else None
    return status


def _read_loose(given: dict[str, Any]) -> ReportedStatus:
    normal = _normalise(given, _TYPE)
    uptime = normal.get("uptime")
    if isinstance(uptime, int | float) and not isinstance(uptime, bool) and 0 <= uptime < _UPTIME_LIMIT:
        normal["uptime"] = timespan.format(int(uptime * timespan.SECOND))
    for storage in _objects(normal.get("storage")):
        _normalise_flags(storage, "access", _ACCESS)
        _normalise_word(storage, "system", _SYSTEMS)
    for interface in _objects(_member(normal, "network", "interfaces")):
        _normalise_flags(interface, "proto", PROTOCOLS)
    try:
        return msgspec.convert(normal, ReportedStatus)
    except msgspec.ValidationError as error:
        raise Invalid(f"The body does not fit: {explain(error, ReportedStatus, 'status')}.") from error


def _normalise(value: Any, kind: inspect.Type) -> Any:
    """Shortens lists, drops unknown members and spells words of enumerations as the type `kind` does.

    `kind` is the description by `msgspec.inspect` of what `value` should be; both are walked together. Given the type
    of `ReportedStatus` and

        {"Firmware": {"version": "9.0.145", "vendor": "x"}, "presentation": {"type": "presentation"}, "colour": 7}

    the result is

        {"firmware": {"version": "9.0.145"}, "presentation": {"type": "Presentation"}}

    Step by step: the struct gives its members their own spelling and drops `colour`; `firmware` is a union with None,
    so the walk goes on with its struct, which drops `vendor`; `version` is a plain text and stays; `type` is a literal,
    whose word is matched without regard to case ("Hologram" would become "Unknown"). A list keeps the first
    `max_length` items, each walked on its own. A value of the wrong type stays as it is: `convert` refuses it later,
    with its path.
    """
    if isinstance(kind, inspect.UnionType):
        kind = next(choice for choice in kind.types if not isinstance(choice, inspect.NoneType))
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        value = members(value, kind.cls)
        names = ((field.encode_name, field.type) for field in kind.fields)
        return {name: _normalise(value[name], of) for name, of in names if name in value}
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        return [_normalise(item, kind.item_type) for item in value[: kind.max_length]]
    if isinstance(kind, inspect.DictType) and isinstance(value, dict):
        return dict(islice(value.items(), kind.max_length))
    if isinstance(kind, inspect.LiteralType) and isinstance(value, str):
        return _word(value, tuple(word for word in kind.values if isinstance(word, str)))
    return value


@lru_cache(_SPELLINGS)
def _flags(text: str, known: Sequence[str]) -> str:
    return flags.normalise(text, known, instead=_UNKNOWN)


def _word(value: str, known: Sequence[str]) -> str:
    if value in known:
        return value
    folded = fold(value.strip())
    return next((word for word in known if fold(word) == folded), _UNKNOWN)


def _normalise_word(parent: dict[str, Any], name: str, known: tuple[str, ...]) -> None:
    if isinstance(parent.get(name), str):
        parent[name] = _word(parent[name], known)


def _normalise_flags(parent: dict[str, Any], name: str, known: tuple[str, ...]) -> None:
    value = parent.get(name)
    if isinstance(value, list):
        value = value[:_FLAGS_LIMIT]
    if isinstance(value, str) and len(value) > _FLAGS_LENGTH:
        return
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(word, str) for word in value)):
        parent[name] = flags.normalise(value, known, instead=_UNKNOWN) if value else None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _member(parent: dict[str, Any], *path: str) -> Any:
    value: Any = parent
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _canonical_date(name: str, text: str) -> str | None:
    try:
        ms = datetime.parse(text)
    except ValueError as error:
        member = ReportedStatus.__struct_encode_fields__[ReportedStatus.__struct_fields__.index(name)]
        raise Invalid(f"The body does not fit: {error} - at 'status.{member}'.") from error
    return None if ms is None else datetime.format(ms)
