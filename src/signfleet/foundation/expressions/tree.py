"""The syntax tree of filters and sorts, before names are resolved.

Positions (`at`) count characters from 1. Comparison ignores them, so that texts which differ only in spaces have equal
trees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum


class Shape(Enum):
    """What follows an operator."""

    NOTHING = "nothing"
    VALUE = "a value"
    VALUES = "a list of values"
    BOUNDS = "two values joined by AND"
    PERIOD = "a period"


class Operator(Enum):
    """Every operator, with its words. A negative one is the exact opposite of its positive."""

    IS = ("IS", Shape.VALUE)
    IS_NOT = ("IS NOT", Shape.VALUE)
    IS_NULL = ("IS NULL", Shape.NOTHING)
    IS_NOT_NULL = ("IS NOT NULL", Shape.NOTHING)
    IN = ("IS IN", Shape.VALUES)
    NOT_IN = ("IS NOT IN", Shape.VALUES)
    GREATER = ("IS GREATER THAN", Shape.VALUE)
    LESS = ("IS LESS THAN", Shape.VALUE)
    AFTER = ("IS AFTER", Shape.VALUE)
    BEFORE = ("IS BEFORE", Shape.VALUE)
    IN_RANGE = ("IS IN THE RANGE", Shape.BOUNDS)
    NOT_IN_RANGE = ("IS NOT IN THE RANGE", Shape.BOUNDS)
    IN_LAST = ("IN THE LAST", Shape.PERIOD)
    NOT_IN_LAST = ("NOT IN THE LAST", Shape.PERIOD)
    BEGINS = ("BEGINS WITH", Shape.VALUE)
    ENDS = ("ENDS WITH", Shape.VALUE)
    CONTAINS = ("CONTAINS", Shape.VALUE)
    NOT_CONTAINS = ("DOES NOT CONTAIN", Shape.VALUE)
    CONTAINS_ALL = ("CONTAINS ALL", Shape.VALUES)
    CONTAINS_ANY = ("CONTAINS ANY", Shape.VALUES)

    def __init__(self, words: str, shape: Shape) -> None:
        self.words = words
        self.shape = shape


class Wildcard(Enum):
    """A sign that matches any characters, or any one character."""

    ANY = "*"
    ONE = "?"


Pattern = tuple[str | Wildcard, ...]
"""A text with wildcards: non-empty texts and wildcards in order; `()` is the empty text."""

_PIECE = re.compile(r"\\(?P<escaped>.)|(?P<quote>'')|(?P<wildcard>[*?])|(?P<plain>[^\\'*?]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text; `source` is what is between the quotes, with escapes."""

    source: str
    at: int = field(default=0, compare=False)

    @property
    def value(self) -> str:
        """Returns the text, with `*` and `?` as themselves."""
        return "".join(piece.value if isinstance(piece, Wildcard) else piece for piece in self._pieces())

    @property
    def pattern(self) -> Pattern:
        """Returns the text with unescaped `*` and `?` as wildcards; several `*` in a row are one."""
        pieces: list[str | Wildcard] = []
        for piece in self._pieces():
            if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
                pieces[-1] += piece
            elif piece is not Wildcard.ANY or not pieces or pieces[-1] is not Wildcard.ANY:
                pieces.append(piece)
        return tuple(pieces)

    def _pieces(self) -> list[str | Wildcard]:
        pieces: list[str | Wildcard] = []
        for match in _PIECE.finditer(self.source):
            match match.lastgroup:
                case "escaped":
                    pieces.append(match["escaped"])
                case "quote":
                    pieces.append("'")
                case "wildcard":
                    pieces.append(Wildcard(match["wildcard"]))
                case _:
                    pieces.append(match["plain"])
        return pieces


@dataclass(frozen=True, slots=True)
class Number:
    """An unquoted decimal number, as written."""

    source: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """An unquoted TRUE or FALSE."""

    value: bool
    at: int = field(default=0, compare=False)


Literal = Text | Number | Truth


class Unit(Enum):
    """The units of a time window."""

    YEARS = "years"
    MONTHS = "months"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """`(days, 7, '2024-03-13T00:00:00Z')`: so many units before a moment, and the moment."""

    unit: Unit
    count: int
    until: Text
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """`[Settings].[Name]`: the names as written, one for each step of the path."""

    names: tuple[str, ...]
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return ".".join(f"[{name}]" for name in self.names)


@dataclass(frozen=True, slots=True)
class Tag:
    """`string::[sys].[Device].<City>`; `type` and `entity` are None where they are not given."""

    name: str
    type: str | None = None
    entity: str | None = None
    system: bool = False
    at: int = field(default=0, compare=False)

    @property
    def system_or_any(self) -> bool | None:
        """Returns whether it is a system tag; None for a bare name, which may be either."""
        return True if self.system else (False if self.entity else None)

    def __str__(self) -> str:
        kind = f"{self.type}::" if self.type else ""
        system = "[sys]." if self.system else ""
        entity = f"[{self.entity}]." if self.entity else ""
        return f"{kind}{system}{entity}<{self.name}>"


Operand = PropertyPath | Tag


@dataclass(frozen=True, slots=True)
class Criterion:
    """An operand, an operator and as many values as the operator's shape takes."""

    operand: Operand
    operator: Operator
    values: tuple[Literal, ...] | TimeWindow = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more conditions."""

    conditions: tuple[Condition, ...]


Condition = Criterion | And | Or


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of a sort."""

    operand: Operand
    descending: bool = False
