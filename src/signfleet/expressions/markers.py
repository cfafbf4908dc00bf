"""Markers: where the next page of a list begins, as base64 of `sortvalue,id`.

A null sort value is written as nothing. Text that a reader could mistake (empty, or with a comma or quotation mark)
stands in quotation marks, one inside being doubled. With several sort keys their values follow one another before
the id.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from signfleet.errors import Invalid
from signfleet.expressions.kinds import MAX_NUMBER, Kind, Value
from signfleet.wire import datetime, timespan
from signfleet.wire.text import forbidden_character

_MAX_LENGTH = 16384
_FIELD = re.compile(r'"((?:[^"]|"")*+)"|([^",]*)', re.DOTALL)
_ID = re.compile(r"[0-9]{1,18}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def encode(values: Sequence[Value | None], kinds: Sequence[Kind], id: int) -> str:
    """Write the marker of a row with these sort values, which have these kinds."""
    fields = [_write(value, kind) for value, kind in zip(values, kinds, strict=True)]
    return base64.b64encode(",".join([*fields, str(id)]).encode()).decode()


def decode(marker: str, kinds: Sequence[Kind]) -> tuple[tuple[Value | None, ...], int]:
    """Read a marker as sort values of these kinds and an id. Raises Invalid for one that does not fit them."""
    try:
        if len(marker) > _MAX_LENGTH:
            raise ValueError
        # A client that forgets to encode a plus sends a blank.
        text = base64.b64decode(marker.replace(" ", "+"), validate=True).decode()
        if forbidden_character(text) is not None:
            raise ValueError
        *fields, id_text = _split(text)
        if not _ID.fullmatch(id_text or ""):
            raise ValueError
        values = tuple(_read(field, kind) for field, kind in zip(fields, kinds, strict=True))
    except (ValueError, binascii.Error):
        raise Invalid(
            "Unsupported marker; give the nextMarker of the page before, with the same filter and sort.", "marker"
        ) from None
    return values, int(id_text or "")


def _write(value: Value | None, kind: Kind) -> str:
    if value is None:
        return ""
    match kind:
        case Kind.DATE_TIME:
            return datetime.format_padded(int(value))
        case Kind.TIME_SPAN:
            return timespan.format(int(value))
        case Kind.BOOLEAN:
            return "true" if value else "false"
        case Kind.NUMBER:
            number = float(value)
            return str(int(number)) if number.is_integer() else repr(number)
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if not text or "," in text or '"' in text else text


def _read(field: str | None, kind: Kind) -> Value | None:
    if field is None:
        return None
    match kind:
        case Kind.DATE_TIME:
            moment = datetime.parse(field)
            return datetime.MIN_MS if moment is None else moment
        case Kind.TIME_SPAN:
            return timespan.parse(field)
        case Kind.BOOLEAN:
            return {"true": True, "false": False}[field] if field in {"true", "false"} else _misfit()
        case Kind.NUMBER:
            number = int(field) if _WHOLE.fullmatch(field) else float(field)
            return number if abs(number) <= MAX_NUMBER else _misfit()
    return field


def _misfit() -> Value:
    raise ValueError


def _split(text: str) -> list[str | None]:
    """Split at the commas that are not quoted; a field with nothing in it is None."""
    fields: list[str | None] = []
    at = 0
    while True:
        found = _FIELD.match(text, at)
        assert found is not None
        quoted, plain = found.groups()
        fields.append((plain or None) if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if at == len(text):
            return fields
        if text[at] != ",":
            raise ValueError
        at += 1
