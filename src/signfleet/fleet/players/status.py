"""Reads the status in a report: strict in types, lenient in words that newer firmware may use and in lists that are
longer than the server keeps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import inspect

from signfleet.fleet.devices.schemas import PROTOCOLS, ReportedStatus
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime, flags, timespan
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.validation_messages import explain
from signfleet.web.contract.spelling import members

_UNKNOWN = "Unknown"
_SYSTEMS = ("ExFAT", "ext3", "ext4", "FAT12", "FAT16", "FAT32", "HFS", "HFSplus", "NTFS")
_ACCESS = ("Read", "Write")
#: Of several words in an array, so many are read; a text of them has a length that a `Word` may have.
_FLAGS_LIMIT = 32
_FLAGS_LENGTH = 128
_TYPE = inspect.type_info(ReportedStatus)


def read_status(said: dict[str, Any]) -> ReportedStatus:
    """The status as it is kept. Raises `Invalid` with the path of the member at fault."""
    mended = _mend(said, _TYPE)
    for storage in _objects(mended.get("storage")):
        _mend_flags(storage, "access", _ACCESS)
        _mend_word(storage, "system", _SYSTEMS)
    for interface in _objects(_member(mended, "network", "interfaces")):
        _mend_flags(interface, "proto", PROTOCOLS)
    try:
        status = msgspec.convert(mended, ReportedStatus)
    except msgspec.ValidationError as error:
        raise Invalid(f"The body does not fit: {explain(error, ReportedStatus, 'status')}.") from error
    status.uptime = None if status.uptime is None else timespan.canonical(status.uptime)
    for name in ("current_settings_timestamp", "current_schedule_timestamp"):
        setattr(status, name, _canonical_date(name, getattr(status, name)))
    return status


def _mend(value: Any, kind: inspect.Type) -> Any:
    """`value` with lists no longer than they may be, without what the type does not know, and with every word of an
    enumeration in its usual spelling, `Unknown` where it is none of its words."""
    if isinstance(kind, inspect.UnionType):
        kind = next(choice for choice in kind.types if not isinstance(choice, inspect.NoneType))
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        value = members(value, kind.cls)
        names = ((field.encode_name, field.type) for field in kind.fields)
        return {name: _mend(value[name], of) for name, of in names if name in value}
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        return [_mend(item, kind.item_type) for item in value[: kind.max_length]]
    if isinstance(kind, inspect.DictType) and isinstance(value, dict):
        return dict(islice(value.items(), kind.max_length))
    if isinstance(kind, inspect.LiteralType) and isinstance(value, str):
        return _word(value, [word for word in kind.values if isinstance(word, str)])
    return value


def _word(value: str, known: Sequence[str]) -> str:
    said = fold(value.strip())
    return next((word for word in known if fold(word) == said), _UNKNOWN)


def _mend_word(holder: dict[str, Any], name: str, known: tuple[str, ...]) -> None:
    if isinstance(holder.get(name), str):
        holder[name] = _word(holder[name], known)


def _mend_flags(holder: dict[str, Any], name: str, known: tuple[str, ...]) -> None:
    value = holder.get(name)
    if isinstance(value, list):
        value = value[:_FLAGS_LIMIT]
    if isinstance(value, str) and len(value) > _FLAGS_LENGTH:
        return
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(word, str) for word in value)):
        holder[name] = flags.normalise(value, known, instead=_UNKNOWN) if value else None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _member(holder: dict[str, Any], *path: str) -> Any:
    value: Any = holder
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _canonical_date(name: str, text: str | None) -> str | None:
    try:
        ms = None if text is None else datetime.parse(text)
    except ValueError as error:
        member = ReportedStatus.__struct_encode_fields__[ReportedStatus.__struct_fields__.index(name)]
        raise Invalid(f"The body does not fit: {error} - at 'status.{member}'.") from error
    return None if ms is None else datetime.format(ms)
