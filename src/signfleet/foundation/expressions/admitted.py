"""The few instances that a caller may see, of very many: a page starts from their ids."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, FromClause, select
from sqlalchemy.sql.visitors import replacement_traverse


class AdmittedIds(NamedTuple):
    """The few instances of a scope: `ids`, a subquery of their `id` from an index, and the entity's `column` of ids."""

    ids: FromClause
    column: ColumnElement[int]

    def substitute(self, part: ColumnElement[Any]) -> ColumnElement[Any]:
        """Returns a part of a statement with these ids in place of the column: their index has the order of a page."""
        found = replacement_traverse(part, {}, lambda element, **_: self.ids.c.id if element is self.column else None)
        return cast(ColumnElement[Any], found)

    @property
    def found_first(self) -> AdmittedIds:
        """Returns the same, which PostgreSQL finds before anything else.

        It takes the thousand of a user for spread evenly, so it would read the whole list in the order of a page, and
        look for a permission for each, until the page is full.
        """
        found = select(self.ids.c.id).cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
        return AdmittedIds(found, self.column)
