"""The shape of a filter: what it has in common with filters that differ only in their values.

`[Model] IS 'HD1024'` and `[Model] IS 'XT1144'` have one shape, so the text of their statements is the same and is made
once; only the values of its parameters differ. `Compiler` numbers the parameters in the order of the values here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.predicates import (
    All,
    Between,
    Bound,
    Has,
    Like,
    OneOf,
    Predicate,
    Present,
    Some,
    Test,
)
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.sql import equal_values, first_after, like_text, whole_bounds
from signfleet.foundation.expressions.tree import Pattern, Wildcard


class FilterShape(NamedTuple):
    """Equal keys mean equal statements, whatever the values of the parameters, which are by name."""

    key: Hashable
    values: Mapping[str, Any]


def shape_of(bound: Bound, columns: Columns, prefix: str) -> FilterShape:
    """Returns the shape of a filter; the names of its parameters begin with `prefix`."""
    found = _Shaping(columns)
    key = found.condition(bound)
    return FilterShape(key, {f"{prefix}_{number}": value for number, value in enumerate(found.values, 1)})


class _Shaping:
    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.values: list[Any] = []

    def condition(self, bound: Bound) -> Hashable:
        """Returns the key of a condition, and adds its values."""
        if isinstance(bound, All | Some):
            return (type(bound), *[self.condition(part) for part in bound.conditions])
        if isinstance(bound, Test):
            indexed = self._columns.indexed(bound.property)
            predicate = self._predicate(bound.predicate, bound.property, indexed=indexed)
            return bound.property.path, bound.negated, predicate
        facts = (bound.name, bound.entity, bound.system)
        self.values += [fact for fact in facts if fact is not None]
        given = tuple(fact is not None for fact in facts)
        kinds: list[Hashable] = []
        for kind, predicate in bound.by_kind:
            self.values.append(kind.value)
            if isinstance(predicate, Has):
                self.values.append(list(predicate.values))
                kinds.append((kind, Has, len(predicate.values), predicate.every))
            else:
                kinds.append((kind, self._predicate(predicate, Property("", kind), indexed=True)))
        return given, bound.negated, bound.absent, *kinds

    def _predicate(self, predicate: Predicate, found: Property, *, indexed: bool) -> Hashable:
        if isinstance(predicate, Present):
            return Present
        if isinstance(predicate, OneOf):
            values = equal_values(predicate, found)
            if isinstance(values, Between):
                return self._between(values)
            self.values += values if len(values) < 2 else [list(values)]
            return OneOf, min(len(values), 2)
        if isinstance(predicate, Between):
            return self._between(whole_bounds(predicate, found))
        if isinstance(predicate, Like):
            return Like, predicate.every, *[self._like(pattern, indexed=indexed) for pattern in predicate.patterns]
        self.values += predicate.values
        return Has, len(predicate.values), predicate.every

    def _between(self, bounds: Between) -> Hashable:
        self.values += [bound for bound in (bounds.low, bounds.high) if bound is not None]
        return Between, bounds.low is None, bounds.high is None, bounds.strict

    def _like(self, pattern: Pattern, *, indexed: bool) -> Hashable:
        match pattern:
            case (Wildcard.ANY,):
                return Present
            case (str() as prefix, Wildcard.ANY) if indexed:
                bounds = [bound for bound in (prefix, first_after(prefix)) if bound is not None]
                self.values += bounds
                return len(bounds)
        self.values.append(like_text(pattern))
        return Like
