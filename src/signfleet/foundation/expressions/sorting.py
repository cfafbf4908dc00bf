"""Sorts: their order in SQL, and the conditions of the page after a marker (keyset paging).

Null comes first in ascending order and last in descending; ties are broken by id, in the direction of the first
key. Where a single key has a column of its own a page is cut into at most two parts, the nulls and the rest, so that
a plain index serves each in either store and a page costs the same at any depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Table, UnaryExpression, and_, bindparam, false, or_, tuple_

from signfleet.foundation.expressions.markers import Markers, Position
from signfleet.foundation.expressions.sql import comparable_type
from signfleet.foundation.expressions.types import Kind


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a sort in SQL."""

    column: ColumnElement[Any]
    kind: Kind
    descending: bool
    nullable: bool
    indexed: bool


@dataclass(frozen=True, slots=True)
class ListPart:
    """A part of a list with one order, which one statement reads.

    `name` is unique among the parts of one sort: statements are cached under it. `where` takes a position's parameters.
    """

    name: str
    where: ColumnElement[bool] | None
    order_by: tuple[ColumnElement[Any], ...]


class Sort:
    """A compiled sort: statements select its `columns` behind their own and read its `parts` one after the other."""

    def __init__(
        self,
        keys: tuple[Key, ...],
        id: ColumnElement[Any],
        echo: str,
        *,
        tables: frozenset[Table],
        joins: tuple[FromClause, ...],
        reusable: bool,
    ) -> None:
        """`tables`, and `joins` with an `owner`, contain the keys' columns; `reusable`: worth caching compiled."""
        self.echo = echo
        self.tables = tables
        self.reusable = reusable
        self.joins = joins
        self._id = id
        self._id_descending = keys[0].descending
        ends = next((index for index, key in enumerate(keys) if key.column is id), None)
        self._keys = keys if ends is None else keys[: ends + 1]  # nothing can tie on the id
        #: Whether the store has to sort the matches itself, because no index serves the order.
        self.in_memory = not all(key.indexed for key in self._keys)
        self._markers = Markers(
            [key.kind for key in self._keys],
            whole=[place for place, key in enumerate(self._keys) if isinstance(key.column.type, Integer)],
        )
        #: The values of the keys in a row that ends with the columns.
        self._values = slice(-len(self._keys) - (ends is None), -1 if ends is None else None)
        self._parts: dict[tuple[bool, ...] | None, list[ListPart]] = {}
        self._splits_nulls = len(self._keys) == 1 and self._keys[0].indexed and self._keys[0].nullable

    @property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """Returns the columns that `marker` needs at the end of a row: those of keys other than the id, then the id."""
        others = (key.column for key in self._keys if key.column is not self._id)
        return (*(column.label(f"sort_{index}") for index, column in enumerate(others)), self._id.label("sort_id"))

    @property
    def key_columns(self) -> list[ColumnElement[Any]]:
        """Returns the columns of the keys."""
        return [key.column for key in self._keys]

    @property
    def order_by(self) -> tuple[ColumnElement[Any], ...]:
        """Returns the order of the whole list."""
        return (*(self._ordered(key) for key in self._keys), *self._tie_break())

    def marker(self, row: tuple[Any, ...]) -> str:
        """Returns the marker after a row that ends with the `columns`."""
        return self._markers.encode(row[self._values], row[-1])

    def position(self, marker: str | None) -> Position | None:
        """Reads a marker; None or blank is the beginning. Raises Invalid for a marker of another sort."""
        marker = marker and marker.strip()
        return self._markers.decode(marker) if marker else None

    def parts(self, position: Position | None) -> list[ListPart]:
        """Returns the parts of the list after a position, in order; a page is filled from them one by one.

        With `[Name] DESC` and a marker at 'Lobby' these are the names before 'Lobby', then the rows without a name.
        """
        # The conditions depend on which values are null, not on the values.
        shape = None if position is None else tuple(value is None for value in position.values)
        parts = self._parts.get(shape)
        if parts is None:
            parts = self._parts[shape] = self._begin() if shape is None else self._rest(shape)
        return parts

    def _begin(self) -> list[ListPart]:
        """Returns the parts of the whole list."""
        if not self._splits_nulls:
            return [ListPart("all", None, self.order_by)]
        key = self._keys[0]
        order = (_directed(key.column, key.descending), *self._tie_break())
        nulls = ListPart("nulls", key.column.is_(None), order)
        others = ListPart("values", key.column.is_not(None), order)
        return [others, nulls] if key.descending else [nulls, others]

    def _rest(self, nulls: tuple[bool, ...]) -> list[ListPart]:
        """Returns the parts after a position, whose values are null where `nulls` is true."""
        whole = self._begin()
        key = self._keys[0]
        id = _parameter("after_id", self._id)
        id_after = self._id < id if self._id_descending else self._id > id
        if self._splits_nulls and nulls[0] is not key.descending:
            first, *later = whole
        else:
            *_, first = whole
            later = []
        where: ColumnElement[bool]
        if self._splits_nulls and nulls[0]:
            where = and_(key.column.is_(None), id_after)
        elif len(self._keys) == 1 and key.column is self._id:
            where = id_after
        elif len(self._keys) == 1 and not nulls[0] and (self._splits_nulls or not key.nullable):
            row = tuple_(key.column, self._id)
            last = tuple_(_parameter("after_0", key.column), id)
            where = row < last if key.descending else row > last
        else:
            where = self._after(nulls, id_after)
        shape = "".join("0" if null else "1" for null in nulls)
        return [ListPart(f"after {shape}", where, first.order_by), *later]

    def _after(self, nulls: tuple[bool, ...], id_after: ColumnElement[bool]) -> ColumnElement[bool]:
        """Returns: after in the first key, or equal in it and after in the second, and so on to the id."""
        same: list[ColumnElement[bool]] = []
        alternatives: list[ColumnElement[bool]] = []
        for index, (key, null) in enumerate(zip(self._keys, nulls, strict=True)):
            last = _parameter(f"after_{index}", key.column)
            beyond: ColumnElement[bool]
            equal: ColumnElement[bool]
            if null:
                beyond = false() if key.descending else key.column.is_not(None)
                equal = key.column.is_(None)
            else:
                beyond = or_(key.column < last, key.column.is_(None)) if key.descending else key.column > last
                equal = key.column == last
            alternatives.append(and_(*same, beyond))
            same.append(equal)
        return or_(*alternatives, and_(*same, id_after))

    def _ordered(self, key: Key) -> ColumnElement[Any]:
        directed = _directed(key.column, key.descending)
        if not key.nullable:
            return directed
        return directed.nulls_last() if key.descending else directed.nulls_first()

    def _tie_break(self) -> tuple[ColumnElement[Any], ...]:
        return () if self._keys[-1].column is self._id else (_directed(self._id, self._id_descending),)


def _directed(column: ColumnElement[Any], descending: bool) -> UnaryExpression[Any]:
    return column.desc() if descending else column.asc()


def _parameter(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return bindparam(name, type_=comparable_type(column))
