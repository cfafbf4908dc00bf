"""Markers: where the next page of a list begins, as base64 of `sortvalue,id`.

A null sort value is empty. Ambiguous text (empty, or with a comma or quotation mark) is in quotation marks, and a mark
inside is doubled. With several sort keys, their values follow one another before the id: `Lobby,,"a, b",42`.
"""

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.types import MAX_NUMBER, Kind, Value
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.text import forbidden_character

#: More than the marker of the longest texts that entities have (4096 characters), with as many keys as a sort takes.
_MAX_LENGTH = 2**18
_FIELD = re.compile(r'"((?:[^"]|"")*+)"|([^",]*)', re.DOTALL)
_MAX_DIGITS = 18
_WHOLE = re.compile(r"-?[0-9]{1,18}")


class Position(NamedTuple):
    """Where a page begins: after the row with these sort values and this id."""

    values: tuple[Value | None, ...]
    id: int

    @property
    def parameters(self) -> dict[str, Value | None]:
        """Returns the parameters of the conditions of `Sort.parts`, by name."""
        parameters = {f"after_{index}": value for index, value in enumerate(self.values)}
        parameters["after_id"] = self.id
        return parameters


class Markers:
    """Writes and reads the markers of rows whose sort values have these kinds."""

    def __init__(self, kinds: Sequence[Kind] = (), *, whole: Collection[int] = ()) -> None:
        """`whole` are the indexes of the kinds whose numbers the store compares as whole ones."""
        self._writers = [_WRITERS.get(kind, _write_text) for kind in kinds]
        self._readers = [_READERS.get(kind, _read_text) for kind in kinds]
        for place in whole:
            if kinds[place] is Kind.NUMBER:
                self._readers[place] = _read_whole_number

    def encode(self, values: Sequence[Value | None], id: int) -> str:
        """Returns the marker of a row with these sort values."""
        fields = ["" if value is None else write(value) for write, value in zip(self._writers, values, strict=True)]
        return binascii.b2a_base64(",".join([*fields, str(id)]).encode(), newline=False).decode()

    def decode(self, marker: str) -> Position:
        """Reads a marker. Raises Invalid if it does not fit the kinds."""
        try:
            if len(marker) > _MAX_LENGTH:
                raise ValueError
            # A client that does not encode a plus sends a space.
            text = binascii.a2b_base64(marker.replace(" ", "+"), strict_mode=True).decode()
            *fields, id = _split(text)
            if id is None or not (id.isascii() and id.isdigit() and len(id) <= _MAX_DIGITS):
                raise ValueError
            read = zip(self._readers, fields, strict=True)
            return Position(tuple([None if field is None else reader(field) for reader, field in read]), int(id))
        except (ValueError, binascii.Error):
            raise Invalid(
                "Unsupported marker; give the nextMarker of the previous page, with the same filter and sort.", "marker"
            ) from None


def _write_text(value: Value) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if not text or "," in text or '"' in text else text


def _write_number(value: Value) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


_WRITERS: Mapping[Kind, Callable[[Any], str]] = {
    # The milliseconds of a tag are in a column of fractions.
    Kind.DATE_TIME: lambda value: datetime.format_padded(int(value)),
    Kind.TIME_SPAN: lambda value: timespan.format(int(value)),
    Kind.BOOLEAN: lambda value: "true" if value else "false",
    Kind.NUMBER: _write_number,
}


def _read_text(field: str) -> Value:
    return field if forbidden_character(field) is None else _misfit()


def _read_date_time(field: str) -> Value:
    moment = datetime.parse(field)
    return datetime.MIN_MS if moment is None else moment


def _read_boolean(field: str) -> Value:
    return {"true": True, "false": False}[field] if field in {"true", "false"} else _misfit()


def _read_number(field: str) -> Value:
    """Reads any number: those of tags may be larger than a filter can name."""
    number = int(field) if _WHOLE.fullmatch(field) else float(field)
    return number if math.isfinite(number) else _misfit()


def _read_whole_number(field: str) -> Value:
    number = _read_number(field)
    return number if isinstance(number, int) and abs(number) <= MAX_NUMBER else _misfit()


_READERS: Mapping[Kind, Callable[[str], Value]] = {
    Kind.DATE_TIME: _read_date_time,
    Kind.TIME_SPAN: timespan.parse,
    Kind.BOOLEAN: _read_boolean,
    Kind.NUMBER: _read_number,
}


def _misfit() -> Value:
    raise ValueError


def _split(text: str) -> list[str | None]:
    """Splits at the commas that are not quoted; an empty field is None."""
    if '"' not in text:
        return [field or None for field in text.split(",")]
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
