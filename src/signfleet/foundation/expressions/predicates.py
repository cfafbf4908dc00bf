"""A filter after its names and literals are understood: what a store has to test, and nothing it could misread.

A predicate is false for null. `Test.negated` turns the whole test round, so a negative test is true for null.
"""

from __future__ import annotations

from dataclasses import dataclass

from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.tree import Pattern
from signfleet.foundation.expressions.types import Kind, Value


@dataclass(frozen=True, slots=True)
class Present:
    """It is not null."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """It equals one of the values."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """It lies between two bounds, both inclusive unless `strict`; None is no bound."""

    low: Value | None
    high: Value | None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """The folded text fits every pattern, or some pattern; the texts of the patterns are folded."""

    patterns: tuple[Pattern, ...]
    every: bool = True


@dataclass(frozen=True, slots=True)
class Has:
    """The array has every value, or some value, among its elements."""

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
    """A predicate on a tag, one for each type the tag may have; `{}` asks for no more than that the tag is there.

    What has no such tag does not match, `negated` or not, except where `absent` asks for just that.
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
