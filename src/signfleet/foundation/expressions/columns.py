"""Where the values of an entity's properties stand in the store, and how they get there.

A property has either a column of its own or a place in the flat JSON object. `flatten` fills that object and `column`
reads it, from the same list of properties: writer and reader cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Double, Table, and_
from sqlalchemy.sql import FromClause
from sqlalchemy.types import TypeEngine

from signfleet.foundation.expressions.json_sql import JsonValue
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.types import MAX_NUMBER, Kind
from signfleet.foundation.storage.tables import Key
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.text import fold, forbidden_character

_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.NUMBER: Double(),
    Kind.NUMERIC_ARRAY: Double(),
    Kind.DATE_TIME: BigInteger(),
    Kind.TIME_SPAN: BigInteger(),
    Kind.BOOLEAN: Boolean(),
}


def order_path(path: str) -> str:
    """Where the flat object has what a name sorts by, beside the name at `path`."""
    return f"{path}.order"


@dataclass(frozen=True, slots=True)
class Columns:
    """The store's side of an entity.

    `table` has `network_id` and `id`; `own` gives by path the column of a property (folded text, canonical words of a
    closed enumeration, milliseconds; of an object, any column that is null exactly when the object is); `order` gives
    the columns that names sort by instead, and `ordered` the paths of names in the flat object; `flat` is the JSON
    column of everything else, in a table with `network_id` and the `flat_id` of the entity; `tag_owner` is the device
    that tags are looked up for, if the entity has any.
    """

    table: Table
    own: Mapping[str, ColumnElement[Any]]
    order: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    ordered: Collection[str] = ()
    flat: Column[Any] | None = None
    flat_id: Column[Any] | None = None
    tag_owner: ColumnElement[Any] | None = None

    def column(self, found: Property) -> ColumnElement[Any]:
        """The expression that a property's value is compared by."""
        if found.path in self.own:
            return self.own[found.path]
        assert self.flat is not None
        kind = BigInteger() if found.whole else _TYPES.get(found.kind, Key)
        return JsonValue(self.flat, found.path, found.kind, kind, whole=found.whole)

    def sorted_by(self, found: Property) -> ColumnElement[Any]:
        """The expression that a property sorts by: of names, that of `wire.collation`."""
        if found.path in self.order:
            return self.order[found.path]
        if found.path in self.ordered:
            assert self.flat is not None
            return JsonValue(self.flat, order_path(found.path), found.kind, Key, whole=False)
        return self.column(found)

    def shown(self, found: Property) -> ColumnElement[Any]:
        """The expression of a value as it is shown, where that is less fine than the column; no index serves it."""
        column = self.column(found)
        # What a remainder is taken of is not negative: else it would be, too.
        return column if found.step == 1 else column - (column - datetime.MIN_MS) % found.step

    def indexed(self, found: Property) -> bool:
        """Whether a property has a column of its own."""
        return found.path in self.own

    def nullable(self, found: Property) -> bool:
        """Whether a property may be null."""
        return bool(getattr(self.own.get(found.path), "nullable", True))

    def source(self, *, flat: bool, joins: Iterable[FromClause] = ()) -> FromClause:
        """What to select from: the table, joined with the JSON object and with tables of an `owner`."""
        source: FromClause = self.table
        if flat and self.flat is not None and self.flat_id is not None:
            holder = self.flat.table
            same = and_(holder.c.network_id == self.table.c.network_id, self.flat_id == self.table.c.id)
            source = source.join(holder, same)
        for joined in joins:
            source = source.outerjoin(joined, joined.c.owner == self.tag_owner)
        return source

    def check(self, properties: Iterable[Property]) -> None:
        """Raise ValueError when a property has no place."""
        known = {found.path for found in properties if found.kind is Kind.STRING}
        if unknown := {*self.order, *self.ordered} - known:
            raise ValueError(f"{', '.join(unknown)} of {self.table.name} are no texts")
        missing = [found.path for found in properties if self.flat is None and found.path not in self.own]
        if missing:
            raise ValueError(f"{', '.join(missing)} of {self.table.name} need a column to be compared by")


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and abs(value) <= MAX_NUMBER else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _text(value: Any) -> str | None:
    return fold(value) if isinstance(value, str) and forbidden_character(value) is None else None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and forbidden_character(value) is None else None


def _moment(value: Any) -> int | None:
    return datetime.parse(value)


def _list_of(one: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def each(value: Any) -> list[Any]:
        return [found for item in value if (found := one(item)) is not None]

    return each


_READERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.STRING: _text,
    Kind.ENUM: _word,
    Kind.NUMBER: _number,
    Kind.DATE_TIME: _moment,
    Kind.TIME_SPAN: timespan.parse,
    Kind.BOOLEAN: bool,
    Kind.OBJECT: lambda value: True,
    Kind.STRING_ARRAY: _list_of(_text),
    Kind.NUMERIC_ARRAY: _list_of(_number),
}


def reader(found: Property) -> Callable[[Any], Any]:
    """Give the function from a property's wire value (never null) to its comparable one; None is "no value"."""
    if found.whole:
        return _whole
    if found.open:
        return _text
    return _READERS[found.kind]
