"""A filter whose names are resolved and whose literals are read: the tests that a store makes.

A predicate is false for null. `Test.negated` inverts the whole test, so a negative test is true for null.
"""

from __future__ import annotations

from dataclasses import dataclass

from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.tree import Pattern
from signfleet.foundation.expressions.types import Kind, Value


@dataclass(frozen=True, slots=True)
class Present:
    """The value is not null."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value equals one of these."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The value is between two bounds, inclusive unless `strict`; None is no bound."""

    low: Value | None
    high: Value | None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """The folded text matches every pattern, or at least one; the texts of the patterns are folded."""

    patterns: tuple[Pattern, ...]
    every: bool = True


@dataclass(frozen=True, slots=True)
class Has:
    """The array contains every value, or at least one of them."""

    values: tuple[Value, ...]
    every: bool


Predicate = Present | OneOf | Between | Like | Has


@dataclass(frozen=True, slots=True)
class Test:
    """A predicate on a property."""

    property: Property
    predicate: Predicate
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TagTest:
    """A predicate on a tag, one for each type that the tag may have; with none, any value of the tag matches.

    A device without the tag does not match, `negated` or not, unless `absent` is true: then only such devices match.
    """

    name: str
    entity: str | None
    system: bool | None
    by_kind: tuple[tuple[Kind, Predicate], ...]
    negated: bool = False
    absent: bool = False


@dataclass(frozen=True, slots=True)
class All:
    conditions: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Some:
    conditions: tuple[Bound, ...]


Bound = Test | TagTest | All | Some
