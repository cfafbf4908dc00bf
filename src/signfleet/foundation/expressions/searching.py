"""Uses the search index for a filter: which devices may match, so that only they are looked at.

The index finds texts that contain each of some pieces of three characters or more. For

    [Settings].[Name] CONTAINS 'lobby' AND [Status].[Health] IS 'Error'

it finds the devices whose name contains `lobby`, and with them go those whose change SQLite has yet to index
(`storage/search_index.py`). The filter itself then decides, so the answer is the same with and without the index.
`[Name] IS 'no*th'` has no such piece, and neither has a condition under OR: they are not narrowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    column,
    or_,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles

from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.predicates import All, Bound, Like, TagTest, Test
from signfleet.foundation.expressions.sql import Compiler
from signfleet.foundation.expressions.tree import Pattern
from signfleet.foundation.expressions.types import Kind
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_text

#: The index knows a text by its sequences of three characters.
SHORTEST = 3
#: Of longer pieces, and of more of them, the beginning narrows enough.
_LONGEST, _MOST = 64, 8
#: So many sequences of a text say nearly as much as all of them, and reading their lists takes far less time.
_FEW = 3
#: Texts that contain every piece of one of these lists.
Pieces = list[list[str]]


class Searched(ColumnElement[bool]):
    """A device may match: the index finds a text of it, in a column of `device_text`, with the pieces."""

    inherit_cache = False

    def __init__(
        self, owner: ColumnElement[int], column: Column[str], pieces: Pieces, others: Select[Any] | None = None
    ) -> None:
        """`others` returns the ids of rows that may match although the index does not find them."""
        self.owner, self.column, self.pieces, self.others = owner, column, pieces, others

    def narrow(self, statement: Select[Any]) -> Select[Any]:
        """Returns a statement that looks only at what the index finds."""
        table = self.owner.table
        # SQLite does not know how few they are and would read all rows in the order of the page.
        return statement.where(self).with_hint(table, f"INDEXED BY sqlite_autoindex_{table.name}_1", "sqlite")

    @property
    def attempts(self) -> Iterator[Searched]:
        """Yields what may narrow enough, the fastest first: by a few sequences, if that leaves any out, and by all."""
        few = [_few(pieces) for pieces in self.pieces]
        if few != self.pieces:
            yield Searched(self.owner, self.column, few, self.others)
        yield self

    @property
    def sought(self) -> str:
        """Returns the expression of SQLite's index."""
        alternatives = (" AND ".join(_quoted(piece) for piece in pieces) for pieces in self.pieces)
        return f"{self.column.name} : ({' OR '.join(f'({one})' for one in alternatives)})"


#: A page of a filter that so many texts match is soon filled without the index, which would list them all first.
COMMON = 1000


def sample(searched: Searched) -> Query:
    """Returns the query of up to `COMMON` texts that SQLite's index finds, in any network."""
    statement = text("SELECT rowid FROM device_search WHERE device_search MATCH :sought LIMIT :most")
    given = bindparam("sought", searched.sought, type_=Text()), bindparam("most", COMMON, type_=Integer())
    return Query(statement.bindparams(*given).columns(column("rowid", BigInteger)), named=False)


def narrowing(bound: Bound, columns: Columns) -> Searched | None:
    """Returns what narrows a filter: of the conditions that all have to hold, the first that the index serves."""
    if not columns.searched:
        return None
    for test in bound.conditions if isinstance(bound, All) else (bound,):
        searched = _of_test(test, columns)
        if searched is not None:
            return searched
    return None


def _of_test(test: Bound, columns: Columns) -> Searched | None:
    owner = columns.table.c.id
    if isinstance(test, Test) and not test.negated and isinstance(test.predicate, Like):
        column, pieces = columns.searched.get(test.property.path), _pieces(test.predicate)
        return Searched(owner, column, pieces) if column is not None and pieces else None
    if isinstance(test, TagTest) and not test.negated and not test.absent:
        by_kind = dict(test.by_kind)
        like = by_kind.pop(Kind.STRING, None)
        pieces = _pieces(like) if isinstance(like, Like) else []
        if pieces:
            # A tag of another type is found by its own index: its whole elements are compared.
            rest = replace(test, by_kind=tuple(by_kind.items()))
            others = Compiler(columns, "searched_tag").owners(rest) if by_kind else None
            return Searched(owner, device_text.c.tags_key, pieces, others)
    return None


def _pieces(like: Like) -> Pieces:
    """Returns the lists of pieces of which a matching text contains one; empty if the index cannot tell."""
    found = [list(_of_pattern(pattern)) for pattern in like.patterns]
    if like.every:
        every = [piece for pieces in found for piece in pieces][:_MOST]
        return [every] if every else []
    return found if all(found) and len(found) <= _MOST else []


def _of_pattern(pattern: Pattern) -> Iterator[str]:
    pieces = (piece for piece in pattern if isinstance(piece, str) and len(piece) >= SHORTEST)
    return (piece[:_LONGEST] for piece in islice(pieces, _MOST))


def _few(pieces: list[str]) -> list[str]:
    """Returns a few sequences of the pieces; the pieces if they have no more.

    First come those across words, such as `k q` of `kiosk quay`: other texts repeat words more than pairs of them.
    """
    found = list(
        dict.fromkeys(piece[at : at + SHORTEST] for piece in pieces for at in range(len(piece) - SHORTEST + 1))
    )
    if len(found) <= _FEW:
        return pieces
    across = [sequence for sequence in found if not sequence[1].isalnum()]
    within = [sequence for sequence in found if sequence[1].isalnum()]
    spread = [within[len(within) * number // _FEW] for number in range(_FEW)] if within else []
    return list(dict.fromkeys(across[:_FEW] + spread))[:_FEW]


def _escaped(piece: str) -> str:
    for character in ("!", "%", "_"):
        piece = piece.replace(character, f"!{character}")
    return f"%{piece}%"


@compiles(Searched, "sqlite")
def _searched_sqlite(element: Searched, compiler: Any, **options: Any) -> str:
    owner = compiler.process(element.owner, **options)
    value = compiler.process(bindparam("searched", element.sought, type_=Text()), **options)
    others = "" if element.others is None else f" UNION ALL {compiler.process(element.others, **options)}"
    waiting = "SELECT device_id FROM device_search_waiting"  # they may match, whatever the index has of them
    found = f"SELECT rowid FROM device_search WHERE device_search MATCH {value}"  # noqa: S608 - a parameter
    return f"{owner} IN ({found} UNION ALL {waiting}{others})"


def _quoted(piece: str) -> str:
    return '"' + piece.replace('"', '""') + '"'


@compiles(Searched, "postgresql")
def _searched_postgresql(element: Searched, compiler: Any, **options: Any) -> str:
    numbers = iter(range(_MOST * _MOST))

    def contains(piece: str) -> ColumnElement[bool]:
        value = bindparam(f"searched_{next(numbers)}", _escaped(piece), type_=element.column.type)
        return element.column.like(value, escape="!")

    contained = or_(*(and_(*map(contains, pieces)) for pieces in element.pieces))
    network = bindparam("network_id", type_=BigInteger())
    found = select(device_text.c.device_id).where(device_text.c.network_id == network, contained)
    others = () if element.others is None else (element.owner.in_(element.others),)
    return f"({compiler.process(or_(element.owner.in_(found), *others), **options)})"
