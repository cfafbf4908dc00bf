"""Tags: keys such as `string::[Device].<City>`, and values, which are text in JSON but have a type.

Keys are `{type}::[{entity}].<{name}>`, those of system tags `{type}::[sys].[{entity}].<{name}>`. Type, `sys` and entity
may have any letter case; that of the name does not change.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.text import fold, forbidden_character

TYPES = ("string", "number", "boolean", "dateTime", "timeSpan", "stringArray", "numericArray")
ENTITIES = ("Device", "Content")
MAX_NAME_LENGTH = 128
MAX_VALUE_LENGTH = 4096
#: The limit of a string, alone or in an array: a longer key does not fit into an index page of PostgreSQL.
MAX_STRING_LENGTH = 512
MAX_DIGITS = 28

type_of_word = {word.lower(): word for word in TYPES}
"""The types by their word in lower case."""
_entity_of_word = {word.lower(): word for word in ENTITIES}

_WORD = re.compile(r"[A-Za-z]*")
_BRACKETED = re.compile(r"\[([A-Za-z]*)\]")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_NAME = re.compile(r"<([^<>]*)>")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LIST_ITEM = re.compile(r'(?:\s*"(?P<quoted>(?:[^"]|"")*)"\s*|(?P<bare>[^",]*))(?P<end>,|\Z)')

Comparable = str | int | float | bool | list[str] | list[int | float]


class TagKey(NamedTuple):
    """A tag's key; its `str()` is the canonical text."""

    type: str
    system: bool
    entity: str
    name: str

    def __str__(self) -> str:
        return f"{self.type}::{'[sys].' if self.system else ''}[{self.entity}].<{self.name}>"


def parse(text: str) -> TagKey:
    """Reads a key. Raises ValueError, which names the position of the mistake, counted from 1."""
    word = _WORD.match(text)
    tag_type = type_of_word.get(word.group().lower()) if word else None
    if tag_type is None:
        raise _malformed(0, f"a type, one of {', '.join(TYPES)}, is expected")
    at = len(tag_type)
    at = _expect(text, at, "::")
    entity, at = _bracketed(text, at)
    system = entity == "sys"
    if system:
        entity, at = _bracketed(text, _expect(text, at, "."))
    if entity not in _entity_of_word:
        raise _malformed(at - len(entity) - 1, f"an entity, one of {', '.join(ENTITIES)}, is expected")
    at = _expect(text, at, ".")
    name = _NAME.match(text, at)
    if name is None:
        raise _malformed(at, "a name as in <City> is expected")
    if name.end() != len(text):
        raise _malformed(name.end(), "nothing may follow the name")
    if not name.group(1).strip() or _CONTROL.search(name.group(1)):
        raise _malformed(at + 1, "a name that is not blank and has no control characters is expected")
    if len(name.group(1)) > MAX_NAME_LENGTH:
        raise _malformed(at + 1, f"a name of at most {MAX_NAME_LENGTH} characters is expected")
    return TagKey(tag_type, system, _entity_of_word[entity], name.group(1))


def normalise(tag_type: str, value: object) -> str:
    """Returns the canonical text of a value given as text or as a native JSON value.

    Numbers become plain decimals (`30`, `-0.5`), booleans `true` or `false`, points in time and spans the contract's
    text, arrays `1,2` and `"a","b"` (a quotation mark inside is doubled). Raises ValueError if the value is not of the
    type.
    """
    _check_length(value)
    text = _normalisers[tag_type](value)
    _check_length(text)
    return text


def comparable(tag_type: str, text: str) -> Comparable:
    """Returns what filters and sorts compare for a value in canonical text.

    Folded text, a number, a bool, milliseconds for points in time and spans, or a list of folded texts or numbers.
    """
    return _comparables[tag_type](text)


def _check_length(value: object) -> None:
    if isinstance(value, str) and len(value) > MAX_VALUE_LENGTH:
        raise ValueError(f"the value of a tag has at most {MAX_VALUE_LENGTH} characters")


def _expect(text: str, at: int, literal: str) -> int:
    if not text.startswith(literal, at):
        raise _malformed(at, f"'{literal}' is expected")
    return at + len(literal)


def _bracketed(text: str, at: int) -> tuple[str, int]:
    match = _BRACKETED.match(text, at)
    if match is None:
        raise _malformed(at, "an entity in brackets, as in [Device], is expected")
    return match.group(1).lower(), match.end()


def _malformed(at: int, expectation: str) -> ValueError:
    return ValueError(
        f"at position {at + 1} of a tag key {expectation}; a key looks like string::[Device].<City>",
    )


def _text_only(value: object, expectation: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"the value of such a tag is {expectation}")
    if (at := forbidden_character(value)) is not None:
        raise ValueError(f"the value of a tag has a character at position {at + 1} that cannot be stored")
    return value


def _string(value: object) -> str:
    text = _text_only(value, "a string")
    if len(text) > MAX_STRING_LENGTH:
        raise ValueError(f"a string in a tag has at most {MAX_STRING_LENGTH} characters")
    return text


def _number(value: object) -> str:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("the value of a number tag is a decimal number")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("the value of a number tag is a number")
    try:
        number = Decimal(str(value)) if not isinstance(value, int) or abs(value) < 10**MAX_DIGITS else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"a number has at most {MAX_DIGITS} digits")
    return _plain(number)


def _plain(number: Decimal) -> str:
    if number == 0:
        return "0"
    if not -MAX_DIGITS <= number.adjusted() < MAX_DIGITS:
        raise ValueError(f"a number has at most {MAX_DIGITS} digits")
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if sum(character.isdigit() for character in text.lstrip("-0.")) > MAX_DIGITS:
        raise ValueError(f"a number has at most {MAX_DIGITS} digits")
    return text


def _boolean(value: object) -> str:
    word = (
        {True: "true", False: "false"}[value] if isinstance(value, bool) else fold(_text_only(value, "true or false"))
    )
    if word not in {"true", "false"}:
        raise ValueError("the value of a boolean tag is true or false")
    return word


def _date_time(value: object) -> str:
    ms = datetime.parse(_text_only(value, "a date and time such as 2022-02-18T16:57:00Z"))
    if ms is None:
        raise ValueError("the value of a dateTime tag is set")
    return datetime.format(ms)


def _time_span(value: object) -> str:
    return timespan.format(timespan.parse(_text_only(value, "a time span such as 00:05:00")))


def _string_array(value: object) -> str:
    items = value if isinstance(value, list) else _split(_text_only(value, "an array of strings"))
    return ",".join('"' + _string(item).replace('"', '""') + '"' for item in items)


def _numeric_array(value: object) -> str:
    items = value if isinstance(value, list) else _split(_text_only(value, "an array of numbers"))
    return ",".join(_number(item) for item in items)


def _split(text: str) -> list[str]:
    """Splits `"a","b"` or `a, b` into its items; blank text has none."""
    items: list[str] = []
    at = 0
    ends = "," if text.strip() else ""
    while ends == ",":
        match = _LIST_ITEM.match(text, at)
        if match is None:
            raise ValueError(f'at position {at + 1} of an array an item is expected, as in "a","b" or 1,2')
        quoted, bare, ends = match.groups()
        items.append(bare.strip() if quoted is None else quoted.replace('""', '"'))
        at = match.end()
    return items


def _as_number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _as_moment(text: str) -> int:
    ms = datetime.parse(text)
    return datetime.MIN_MS if ms is None else ms


_normalisers = {
    "string": _string,
    "number": _number,
    "boolean": _boolean,
    "dateTime": _date_time,
    "timeSpan": _time_span,
    "stringArray": _string_array,
    "numericArray": _numeric_array,
}


def _comparable_strings(text: str) -> Comparable:
    return [fold(item) for item in _split(text)]


def _comparable_numbers(text: str) -> Comparable:
    return [_as_number(item) for item in _split(text)]


def _comparable_boolean(text: str) -> Comparable:
    return text == "true"


_comparables = {
    "string": fold,
    "number": _as_number,
    "boolean": _comparable_boolean,
    "dateTime": _as_moment,
    "timeSpan": timespan.parse,
    "stringArray": _comparable_strings,
    "numericArray": _comparable_numbers,
}
