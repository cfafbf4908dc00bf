"""The types of properties and tags, the operators that each takes, and how each reads a literal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache
from typing import NoReturn

from signfleet.foundation.errors import phrase
from signfleet.foundation.expressions import tree
from signfleet.foundation.expressions.suggestions import nearest
from signfleet.foundation.expressions.tree import Operator
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.text import fold

MAX_NUMBER = 2**53 - 1
"""The largest number, of either sign, up to which both stores compare whole numbers and fractions exactly."""

Value = str | int | float | bool
"""A comparable value: folded text, a word of an enumeration as it is spelt there, a number, milliseconds, a boolean."""


class Kind(Enum):
    """The type of a property or tag, with the name that tags use for it."""

    STRING = "string"
    ENUM = "enum"
    NUMBER = "number"
    DATE_TIME = "dateTime"
    TIME_SPAN = "timeSpan"
    BOOLEAN = "boolean"
    OBJECT = "object"
    STRING_ARRAY = "stringArray"
    NUMERIC_ARRAY = "numericArray"


_NULL = frozenset({Operator.IS_NULL, Operator.IS_NOT_NULL})
_EQUAL = _NULL | {Operator.IS, Operator.IS_NOT}
_LISTED = _EQUAL | {Operator.IN, Operator.NOT_IN}
_CONTAINING = frozenset({Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.CONTAINS_ALL, Operator.CONTAINS_ANY})
_TEXTUAL = _LISTED | _CONTAINING | {Operator.BEGINS, Operator.ENDS}
_ORDERED = _LISTED | {Operator.GREATER, Operator.LESS, Operator.IN_RANGE, Operator.NOT_IN_RANGE}
_DATED = _ORDERED | {Operator.AFTER, Operator.BEFORE, Operator.IN_LAST, Operator.NOT_IN_LAST}

OPERATORS: dict[Kind, frozenset[Operator]] = {
    Kind.STRING: _TEXTUAL,
    Kind.ENUM: _TEXTUAL,
    Kind.NUMBER: _ORDERED,
    Kind.DATE_TIME: _DATED,
    Kind.TIME_SPAN: _ORDERED,
    Kind.BOOLEAN: _EQUAL,
    Kind.OBJECT: _NULL,
    Kind.STRING_ARRAY: _NULL | _CONTAINING,
    Kind.NUMERIC_ARRAY: _NULL | _CONTAINING,
}

SORTABLE = frozenset(Kind) - {Kind.OBJECT, Kind.STRING_ARRAY, Kind.NUMERIC_ARRAY}

_EXAMPLES = {
    Kind.ENUM: phrase("a text that is one of its words"),
    Kind.STRING: phrase("a text such as 'Lobby'"),
    Kind.STRING_ARRAY: phrase("a text such as 'Lobby'"),
    Kind.NUMBER: phrase("a number such as 12"),
    Kind.NUMERIC_ARRAY: phrase("a number such as 12"),
    Kind.DATE_TIME: phrase("a date such as '2024-03-13T00:00:00Z'"),
    Kind.TIME_SPAN: phrase("a time span such as '00:05:00'"),
    Kind.BOOLEAN: phrase("'TRUE' or 'FALSE'"),
}


def read(kind: Kind, literal: tree.Literal, words: Sequence[str] = (), *, open: bool = False) -> Value:
    """Returns the comparable value of a literal; `words` are those of an enumeration; an `open` one takes others too.

    Raises ValueError with the end of a sentence that begins with "Unsupported value … at …; ".
    """
    if kind is Kind.ENUM and isinstance(literal, tree.Text):
        return known_word(literal.value, words) or (fold(literal.value) if open else _unknown(literal.value, words))
    if kind in _TEXT_READERS and isinstance(literal, tree.Text):
        return _TEXT_READERS[kind](literal.value)
    if kind in _NUMERIC and isinstance(literal, tree.Number):
        return _number(literal.source)
    if kind is Kind.BOOLEAN and isinstance(literal, tree.Truth):
        return literal.value
    raise _unlike(kind)


def _unlike(kind: Kind) -> ValueError:
    example = _EXAMPLES[kind]
    return ValueError(phrase(f"expected {example}"))


def _moment(text: str) -> int:
    moment = datetime.parse(text)
    return datetime.MIN_MS if moment is None else moment


def _truth(text: str) -> bool:
    if fold(text) not in {"true", "false"}:
        raise _unlike(Kind.BOOLEAN)
    return fold(text) == "true"


_NUMERIC = frozenset({Kind.NUMBER, Kind.NUMERIC_ARRAY})
_TEXT_READERS: dict[Kind, Callable[[str], Value]] = {
    Kind.STRING: fold,
    Kind.STRING_ARRAY: fold,
    Kind.DATE_TIME: _moment,
    Kind.TIME_SPAN: timespan.parse,
    Kind.BOOLEAN: _truth,
}


def known_word(value: str, words: Sequence[str]) -> str | None:
    """Returns the word of an enumeration in its own spelling, or None."""
    return _by_key(tuple(words)).get(fold(value))


@cache
def _by_key(words: tuple[str, ...]) -> dict[str, str]:
    """Returns the words of an enumeration by what they are compared by; the first of equal ones."""
    return {fold(word): word for word in reversed(words)}


def _unknown(value: str, words: Sequence[str]) -> NoReturn:
    near = nearest(value, words, likeness=0.3)
    shown = ", ".join(near or words[:12])
    if near[1:]:
        raise ValueError(f"the nearest known values are {shown}")
    if near:
        raise ValueError(f"the nearest known value is {shown}")
    if len(words) > 12:
        raise ValueError(f"known values are {shown} and others")
    raise ValueError(f"known values are {shown}")


def _number(source: str) -> int | float:
    number = float(source)
    if math.isinf(number) or abs(number) > MAX_NUMBER:
        raise ValueError(f"numbers reach from -{MAX_NUMBER} to {MAX_NUMBER}")
    return int(number) if number.is_integer() else number
