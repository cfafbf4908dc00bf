"""Compiles predicates into SQLAlchemy Core conditions in which every value is a bound parameter."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    distinct,
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.types import TypeEngine

from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.json_sql import AnyOf, JsonHas, JsonValue
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
    TagTest,
    Test,
)
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.tree import Pattern, Wildcard
from signfleet.foundation.expressions.types import Kind, Value
from signfleet.foundation.storage.tables import device_tag, device_tag_element, tag_key
from signfleet.foundation.wire.text import fold

NETWORK = bindparam("network_id", type_=BigInteger())
"""The caller's network: a parameter of every statement with a tag, besides the caller's own condition."""

_ESCAPE = "!"
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
TEXT_TAGS = frozenset({Kind.STRING, Kind.STRING_ARRAY})
"""The kinds of tags that compare by `value_key`; the others do by `value_number`."""
_WHOLE_KINDS = frozenset({Kind.DATE_TIME, Kind.TIME_SPAN})


def comparable_type(column: ColumnElement[Any]) -> TypeEngine[Any]:
    """Returns the type of a value to compare a column with: a client's number may not fit a small integer."""
    return BigInteger() if isinstance(column.type, Integer) else column.type


class Compiler:
    """Compiles the conditions of one statement; the names of its parameters begin with `prefix`."""

    def __init__(self, columns: Columns, prefix: str) -> None:
        self._columns = columns
        self._prefix = prefix
        self._count = 0
        #: What the conditions read besides the entity's own table.
        self.tables: frozenset[Table] = frozenset()

    def condition(self, bound: Bound) -> ColumnElement[bool]:
        """Returns the condition that is true for the rows that match."""
        match bound:
            case All(conditions):
                return and_(*(self.condition(part) for part in conditions))
            case Some(conditions):
                return or_(*(self.condition(part) for part in conditions))
            case Test():
                return self._property(bound)
            case TagTest():
                return self._tag(bound)

    def parameter(self, value: Value, like: ColumnElement[Any]) -> ColumnElement[Any]:
        """Returns a value as a bound parameter to compare a column with."""
        return bindparam(self._name(), value, type_=comparable_type(like))

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}_{self._count}"

    def _any_of(self, values: tuple[Value, ...], column: ColumnElement[Any]) -> ColumnElement[bool]:
        return AnyOf(column, self._name(), values, comparable_type(column))

    def tag_keys(
        self, name: str, entity: str | None, system: bool | None, type: str | None = None
    ) -> list[ColumnElement[bool]]:
        """Returns the conditions on `tag_key` for a tag's name and the other facts that are given."""
        given = {"name_key": name, "entity": entity, "is_system": system, "type": type}
        columns = tag_key.c
        return [
            columns[field] == self.parameter(value, columns[field])
            for field, value in given.items()
            if value is not None
        ]

    def _property(self, test: Test) -> ColumnElement[bool]:
        column = self._columns.column(test.property)
        self.tables |= self._columns.tables(test.property)
        if isinstance(test.predicate, Present):
            return column.is_(None) if test.negated else column.is_not(None)
        positive = self._predicate(test.predicate, column, test.property)
        if not test.negated:
            return positive
        return positive.is_not(true()) if self._columns.nullable(test.property) else not_(positive)

    def _predicate(self, predicate: Predicate, column: ColumnElement[Any], found: Property) -> ColumnElement[bool]:
        match predicate:
            case Present():
                return column.is_not(None)
            case OneOf():
                return self._one_of(equal_values(predicate, found), column, found)
            case Between():
                return self._between(whole_bounds(predicate, found), column)
            case Like(patterns, every):
                indexed = not isinstance(column, JsonValue)
                parts = [self._like(pattern, column, indexed=indexed) for pattern in patterns]
            case Has(values, every):
                assert isinstance(column, JsonValue)
                parts = [JsonHas(column.column, column.path, self.parameter(value, column)) for value in values]
        return and_(*parts) if every else or_(*parts)

    def _one_of(
        self, values: tuple[Value, ...] | Between, column: ColumnElement[Any], found: Property
    ) -> ColumnElement[bool]:
        if isinstance(values, Between):
            return self._between(values, column)
        if found.step > 1:
            column = self._columns.shown(found)
        if not values:
            return false()
        if len(values) == 1:
            return column == self.parameter(values[0], column)
        return self._any_of(values, column)

    def _between(self, bounds: Between, column: ColumnElement[Any]) -> ColumnElement[bool]:
        parts: list[ColumnElement[bool]] = []
        if bounds.low is not None:
            low = self.parameter(bounds.low, column)
            parts.append(column > low if bounds.strict else column >= low)
        if bounds.high is not None:
            high = self.parameter(bounds.high, column)
            parts.append(column < high if bounds.strict else column <= high)
        return and_(*parts)

    def _like(self, pattern: Pattern, column: ColumnElement[Any], *, indexed: bool) -> ColumnElement[bool]:
        match pattern:
            case (Wildcard.ANY,):
                return column.is_not(None)
            case (str() as prefix, Wildcard.ANY) if indexed:
                return self._prefix_range(prefix, column)
        return column.like(self.parameter(like_text(pattern), column), escape=_ESCAPE)

    def _prefix_range(self, prefix: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Returns a prefix as a range, which an index serves in both stores."""
        begins = column >= self.parameter(prefix, column)
        after = first_after(prefix)
        return begins if after is None else and_(begins, column < self.parameter(after, column))

    def _tag(self, test: TagTest) -> ColumnElement[bool]:
        owner = self._columns.tag_owner
        assert owner is not None
        owners = self.owners(test)
        return owner.not_in(owners) if test.absent else owner.in_(owners)

    def owners(self, test: TagTest) -> Select[Any]:
        """Returns the ids of the devices that have the tag, with a value that meets the test."""
        keys = self.tag_keys(test.name, test.entity, test.system)
        if test.by_kind:
            keys.append(or_(*(self._tag_reading(kind, predicate, test) for kind, predicate in test.by_kind)))
        joined = tag_key.join(
            device_tag, and_(device_tag.c.network_id == tag_key.c.network_id, device_tag.c.tag_id == tag_key.c.id)
        )
        return select(device_tag.c.device_id).select_from(joined).where(tag_key.c.network_id == NETWORK, *keys)

    def _tag_reading(self, kind: Kind, predicate: Predicate, test: TagTest) -> ColumnElement[bool]:
        typed = tag_key.c.type == self.parameter(kind.value, tag_key.c.type)
        if isinstance(predicate, Present):
            return typed
        if isinstance(predicate, Has):
            matches = self._tag_elements(kind, predicate)
        else:
            column = device_tag.c.value_key if kind in TEXT_TAGS else device_tag.c.value_number
            matches = self._predicate(predicate, column, Property("", kind))
        return and_(typed, not_(matches) if test.negated else matches)

    def _tag_elements(self, kind: Kind, predicate: Has) -> ColumnElement[bool]:
        element = device_tag_element.alias()
        column = element.c.value_key if kind in TEXT_TAGS else element.c.value_number
        found = select(func.count(distinct(column))).where(
            element.c.network_id == device_tag.c.network_id,
            element.c.tag_id == device_tag.c.tag_id,
            element.c.device_id == device_tag.c.device_id,
            self._any_of(predicate.values, column),
        )
        return found.scalar_subquery() >= (len(predicate.values) if predicate.every else 1)


_LIKE = {Wildcard.ANY: "%", Wildcard.ONE: "_"}


def like_text(pattern: Pattern) -> str:
    """Returns a pattern as LIKE takes it."""
    return "".join(_LIKE[piece] if isinstance(piece, Wildcard) else _escaped(piece) for piece in pattern)


def _escaped(text: str) -> str:
    for character in (_ESCAPE, "%", "_"):
        text = text.replace(character, _ESCAPE + character)
    return text


def first_after(prefix: str) -> str | None:
    """Returns the first text, by code points, after every text that begins with `prefix`; None if there is none."""
    while prefix:
        point = ord(prefix[-1]) + 1
        if point in _SURROGATES:
            point = _SURROGATES.stop
        if point <= _LAST_CODE_POINT:
            return prefix[:-1] + chr(point)
        prefix = prefix[:-1]
    return None


def equal_values(test: OneOf, found: Property) -> tuple[Value, ...] | Between:
    """Returns the values that a property can equal; its bounds for one value that stands for several."""
    values = test.values
    if found.open:
        values = tuple([fold(str(value)) for value in values])
    if found.whole:
        values = tuple([value for value in values if isinstance(value, int)])
    if found.step > 1:
        values = tuple([value for value in values if isinstance(value, int) and value % found.step == 0])
        if len(values) == 1:
            return whole_bounds(Between(values[0], values[0]), found)
    return values


def whole_bounds(bounds: Between, found: Property) -> Between:
    """Returns whole, inclusive bounds for a property with whole numbers: `> 12.5` is `>= 13`.

    Numbers with a step count as the next lower multiple of it: with `step` 10, `> 12` is `>= 20`.
    """
    if not found.whole and found.kind not in _WHOLE_KINDS:
        return bounds
    step = found.step
    low, high = bounds.low, bounds.high
    if low is not None:
        low = math.floor(float(low)) + 1 if bounds.strict else math.ceil(float(low))
        low = -(-low // step) * step
    if high is not None:
        high = math.ceil(float(high)) - 1 if bounds.strict else math.floor(float(high))
        high = high // step * step + step - 1
    return Between(low, high)
