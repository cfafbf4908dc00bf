"""Maps an entity's properties to columns of the store.

A property has either a column of its own or a member of the flat JSON object. `Catalogue.flatten` fills that object and
`Columns.column` reads it, from the same list of properties, so that writer and reader agree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Double, Index, Select, Table, and_
from sqlalchemy.sql import FromClause
from sqlalchemy.types import TypeEngine

from signfleet.foundation.expressions.json_sql import JsonValue
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.types import MAX_NUMBER, Kind
from signfleet.foundation.storage.tables import Key
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.text import fold, forbidden_character

#: Longer texts are not cached.
_CACHED_LENGTH = 64

_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.NUMBER: Double(),
    Kind.NUMERIC_ARRAY: Double(),
    Kind.DATE_TIME: BigInteger(),
    Kind.TIME_SPAN: BigInteger(),
    Kind.BOOLEAN: Boolean(),
}


def order_path(path: str) -> str:
    """Returns the member of the flat object that the name at `path` sorts by."""
    return f"{path}.order"


@dataclass(frozen=True, slots=True)
class Flat:
    """The JSON column of properties without a column of their own, in a table with `network_id` and the entity's id."""

    column: Column[Any]
    id: Column[Any]
    #: Not every entity has a row.
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of an entity.

    * `table` has `id`, and `network_id` or another `owner`: what a list is confined to.
    * `own` gives, by path, the column of a property: folded text, a word of a closed enumeration in its own spelling,
      milliseconds; for an object, any column that is null exactly when the object is.
    * `order` gives, by path, the column that a name sorts by; `ordered` lists the names in the flat object.
    * `flat` is the JSON column of every other property; `apart` gives, by name, that of the properties below a member.
      Columns in `own` may be in the tables of these too.
    * `searched` gives, by path, the column of `device_text` with the same text, which the search index has.
    * `by_id` is an index of `owner` and id that has further columns: lists of a few ids are sorted in it.
    * `tag_owner` is the id of the device whose tags are meant, if the entity has tags.
    """

    table: Table
    own: Mapping[str, ColumnElement[Any]]
    order: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    ordered: Collection[str] = ()
    flat: Flat | None = None
    apart: Mapping[str, Flat] = field(default_factory=dict)
    searched: Mapping[str, Column[str]] = field(default_factory=dict)
    by_id: Index | None = None
    tag_owner: ColumnElement[Any] | None = None
    owner: Column[int] | None = None

    @property
    def belonging(self) -> ColumnElement[int]:
        """Returns the column that every statement compares with the network, or other owner, of a list."""
        network: ColumnElement[int] = self.table.c.network_id if self.owner is None else self.owner
        return network

    def column(self, found: Property) -> ColumnElement[Any]:
        """Returns the expression that filters compare a property by."""
        if found.path in self.own:
            return self.own[found.path]
        kind = BigInteger() if found.whole else _TYPES.get(found.kind, Key)
        return JsonValue(self._flat(found).column, found.path, found.kind, kind, whole=found.whole)

    def _flat(self, found: Property) -> Flat:
        flat = self.apart.get(found.path.partition(".")[0], self.flat)
        assert flat is not None
        return flat

    def tables(self, found: Property) -> frozenset[Table]:
        """Returns the tables besides `table` that have the column of a property: none or one."""
        own = self.own.get(found.path)
        home = self._flat(found).column.table if own is None else getattr(own, "table", self.table)
        return frozenset() if home is self.table else frozenset({home})

    def sorted_by(self, found: Property) -> ColumnElement[Any]:
        """Returns the expression that a property sorts by; for names, the key of `wire.collation`."""
        if found.path in self.order:
            return self.order[found.path]
        if found.path in self.ordered:
            return JsonValue(self._flat(found).column, order_path(found.path), found.kind, Key, whole=False)
        return self.column(found)

    def shown(self, found: Property) -> ColumnElement[Any]:
        """Returns the expression of a value as the API shows it, rounded to the property's step; no index serves it."""
        column = self.column(found)
        # The dividend is never negative: the remainder of a negative one is negative in both stores.
        return column if found.step == 1 else column - (column - datetime.MIN_MS) % found.step

    def indexed(self, found: Property) -> bool:
        """Checks whether a property has a column of its own."""
        return found.path in self.own

    def nullable(self, found: Property) -> bool:
        """Checks whether a property may be null."""
        return bool(getattr(self.own.get(found.path), "nullable", True))

    def id_beside(self, found: Property) -> ColumnElement[Any]:
        """Returns the entity's id in the table that has the column of a property: an index of both has their order."""
        tables = self.tables(found)
        beside = (flat.id for flat in self.apart.values() if flat.column.table in tables and not flat.is_optional)
        return next(beside, self.table.c.id)

    def source(self, tables: Collection[Table], joins: Iterable[FromClause] = ()) -> FromClause:
        """Returns the table to select from, joined with those of `tables` and with tables that have an `owner`."""
        source: FromClause = self.table
        for flat in (self.flat, *self.apart.values()):
            if flat is not None and flat.column.table in tables:
                other = flat.column.table
                same = and_(other.c.network_id == self.table.c.network_id, flat.id == self.table.c.id)
                source = source.join(other, same, isouter=flat.is_optional)
        for joined in joins:
            source = source.outerjoin(joined, joined.c.owner == self.tag_owner)
        return source

    def sorted_by_id(self, statement: Select[Any], sorted_by: Iterable[ColumnElement[Any]]) -> Select[Any]:
        """Returns a statement that finds rows by their ids and reads nothing else but what it sorts by.

        SQLite would use the unique index of the ids and read the row behind each, which may be on a page of its own.
        """
        if self.by_id is None or not {*sorted_by} <= {*self.by_id.columns}:
            return statement
        return statement.with_hint(self.table, f"INDEXED BY {self.by_id.name}", "sqlite")

    def check(self, properties: Iterable[Property]) -> None:
        """Raises ValueError if a property has no column, or a name that sorts is not a text."""
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
    if not isinstance(value, str):
        return None
    return _cached_fold(value) if len(value) <= _CACHED_LENGTH else _fold(value)


def _fold(value: str) -> str | None:
    return fold(value) if forbidden_character(value) is None else None


#: The devices of a fleet have the same versions, models and names, and report their own again and again.
_cached_fold = lru_cache(8192)(_fold)


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
    """Returns the function from a property's JSON value, never null, to its comparable value; None is "no value"."""
    if found.whole:
        return _whole
    if found.open:
        return _text
    return _READERS[found.kind]
