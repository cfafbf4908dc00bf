"""A catalogue: the properties of one kind of entity by name, and the way from text to SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Table, and_, func, select

from signfleet.foundation.errors import Invalid, phrase
from signfleet.foundation.expressions import tree
from signfleet.foundation.expressions.binding import UnknownWord, bind, check_tag
from signfleet.foundation.expressions.columns import Columns, order_path, reader
from signfleet.foundation.expressions.parser import parse_filter, parse_grouping, parse_sort
from signfleet.foundation.expressions.predicates import Bound
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.searching import Searched, narrowing
from signfleet.foundation.expressions.shapes import FilterShape, shape_of
from signfleet.foundation.expressions.sorting import Key, Sort
from signfleet.foundation.expressions.sql import NETWORK, TEXT_TAGS, Compiler
from signfleet.foundation.expressions.suggestions import nearest
from signfleet.foundation.expressions.types import SORTABLE, Kind
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.storage.tables import device_tag, tag_key
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.text import fold

PREFIX = "filter"
"""The names of a filter's parameters begin with it."""
_CACHE_SIZE = 1024
"""How many filters, and how many sorts, a catalogue caches."""
_CACHED_LENGTH = 512
"""Longer texts are not cached: they are rare, and their statements large."""
_SHORT_LENGTH = 128
"""Longer texts are read outside the event loop: each criterion takes some 0.1 ms."""
_LISTED = 16
"""A catalogue of at most so many properties lists them all when an unknown one is spelt like none of them."""


@dataclass(frozen=True, eq=False)
class Filter:
    """A filter: statements add `clause` after the caller's own conditions.

    Filters with equal keys of their `shape` share the text of their statements. `searched` is the condition that the
    search index finds what may match; None if the index does not serve the filter. `unknown` are the words that are
    valid only if an instance has them.
    """

    echo: str
    condition: tree.Condition
    bound: Bound
    columns: Columns
    shape: FilterShape
    searched: Searched | None
    reusable: bool
    unknown: tuple[UnknownWord, ...] = ()

    @cached_property
    def _compiled(self) -> tuple[ColumnElement[bool], frozenset[Table]]:
        compiler = Compiler(self.columns, PREFIX)
        return compiler.condition(self.bound), compiler.tables

    @cached_property
    def attempts(self) -> tuple[Filter, ...]:
        """The same filter with each attempt of `searched`, the fastest first, itself last."""
        searched = self.searched.attempts if self.searched is not None else ()
        return tuple(self if each is self.searched else replace(self, searched=each) for each in searched)

    @cached_property
    def unsearched(self) -> Filter:
        """The same filter without the search index."""
        return replace(self, searched=None)

    @property
    def clause(self) -> ColumnElement[bool]:
        """Returns the condition in SQL."""
        return self._compiled[0]

    @property
    def tables(self) -> frozenset[Table]:
        """Returns the tables that the condition reads besides the entity's own."""
        return self._compiled[1]


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The property that forms groups."""

    column: ColumnElement[Any]
    tables: frozenset[Table]


class _Leaf(NamedTuple):
    """How the comparable value of a property is read, and where its order is written, if it has one."""

    path: str
    read: Callable[[Any], Any]
    #: What is compared of each item, if the value is a list of objects.
    of_item: str | None
    order: str | None


class _Node:
    """The properties at one place of a document and below: what a document lacks is passed over as a whole."""

    __slots__ = ("below", "leaves")

    def __init__(self) -> None:
        self.leaves: list[_Leaf] = []
        self.below: dict[str, _Node] = {}

    def at(self, path: str) -> _Node:
        """Returns the node of a path, a new one if there is none."""
        name, _, rest = path.partition(".")
        node = self.below.setdefault(name, _Node())
        return node.at(rest) if rest else node

    def all(self) -> Iterator[_Leaf]:
        """Yields the properties here and below."""
        yield from self.leaves
        for node in self.below.values():
            yield from node.all()

    def read(self, document: Mapping[str, Any], flat: dict[str, Any]) -> None:
        """Adds what filters read of a document."""
        below = self.below
        for name, value in document.items():
            if value is None or (node := below.get(name)) is None:
                continue
            for path, read, of_item, order in node.leaves:
                try:
                    comparable = read(value if of_item is None else [item.get(of_item) for item in value])
                except (TypeError, ValueError):  # a report may contain a value of another type: it compares as null
                    continue
                if comparable is not None:
                    flat[path] = comparable
                    if order is not None:
                        flat[order] = order_key(comparable)
            if isinstance(value, dict) and node.below:
                node.read(value, flat)


class Catalogue:
    """The properties of an entity, by the names that filters and sorts may use.

    `entities` are the names that may precede a property without effect (`[Device].[Serial]`). `aliases` gives other
    names, in lower case, for a path or the beginning of one. `collections` lists arrays of objects, each with the
    member that filters compare: `{"taggedGroups": "name"}`. `numbers` gives, by the name of a member below which the
    data itself names numbers, the form of those names, in lower case.
    """

    def __init__(
        self,
        properties: Sequence[Property],
        columns: Columns,
        *,
        entities: Sequence[str],
        aliases: Mapping[str, str] | None = None,
        collections: Mapping[str, str] | None = None,
        numbers: Mapping[str, re.Pattern[str]] | None = None,
        default_sort: str,
    ) -> None:
        self._collections = collections or {}
        found = [*properties, *(Property(path, Kind.STRING_ARRAY) for path in self._collections)]
        columns.check(found)
        if loose := [str(property) for property in found if property.open and not columns.indexed(property)]:
            raise ValueError(f"{', '.join(loose)} need an index to look up the words that data has")
        self.columns = columns
        self.properties = {property.path.lower(): property for property in found}
        self._by_end: dict[str, list[str]] = {}
        for path in self.properties:
            self._by_end.setdefault(path.rpartition(".")[2], []).append(path)
        self._aliases = {name: path.lower() for name, path in (aliases or {}).items()}
        self._aliases |= {f"{path}.{member}".lower(): path.lower() for path, member in self._collections.items()}
        self._entities = frozenset(entity.lower() for entity in entities)
        self._numbers = numbers or {}
        self._flat = _Node()
        for property in found:
            if not columns.indexed(property):
                order = order_path(property.path) if property.path in columns.ordered else None
                leaf = _Leaf(property.path, reader(property), self._collections.get(property.path), order)
                self._flat.at(property.path).leaves.append(leaf)
        self._default_sort = default_sort
        self._cached_paths = lru_cache(_CACHE_SIZE)(self._paths)
        self._cached_filter = lru_cache(_CACHE_SIZE)(self._make_filter)
        self._cached_sort = lru_cache(_CACHE_SIZE)(self._make_sort)
        self._cached_grouping = lru_cache(_CACHE_SIZE)(self._make_grouping)

    def filter(self, text: str | None) -> Filter | None:
        """Reads a filter; None or blank is no filter. Raises Invalid with the position and what is expected there."""
        if text is None or not text.strip():
            return None
        return self._cached_filter(text) if len(text) <= _CACHED_LENGTH else self._make_filter(text)

    async def read_filter(self, text: str | None) -> Filter | None:
        """Does what `filter` does, in a thread for a text that may take longer than a millisecond."""
        if text is None or len(text) <= _SHORT_LENGTH:
            return self.filter(text)
        return await run_in_thread(self.filter, text)

    async def read_sort(self, text: str | None) -> Sort:
        """Does what `sort` does, in a thread for a text that may take longer than a millisecond."""
        if text is None or len(text) <= _SHORT_LENGTH:
            return self.sort(text)
        return await run_in_thread(self.sort, text)

    def sort(self, text: str | None) -> Sort:
        """Reads a sort; None or blank is the collection's default. Raises Invalid."""
        if text is None or not text.strip():
            text = self._default_sort
        return self._cached_sort(text) if len(text) <= _CACHED_LENGTH else self._make_sort(text)

    def grouping(self, text: str | None) -> Grouping | None:
        """Reads a grouping; None or blank is no grouping. Raises Invalid."""
        if text is None or not text.strip():
            return None
        return self._cached_grouping(text) if len(text) <= _CACHED_LENGTH else self._make_grouping(text)

    def flatten(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the flat object that filters read, from an entity's JSON document; without nulls and secrets."""
        flat: dict[str, Any] = {}
        self._flat.read(document, flat)
        return flat

    def absent(self, member: str, below: Iterable[str]) -> dict[str, None]:
        """Returns the flat object of some members of a member of the document, with every value null.

        Merging their new values into it clears what those leave out.
        """
        return dict.fromkeys(path for name in below for path in self._cached_paths(f"{member}.{name}"))

    def _paths(self, member: str) -> list[str]:
        leaves = self._flat.at(member).all()
        return [path for leaf in leaves for path in (leaf.path, leaf.order) if path is not None]

    def resolve(self, operand: tree.PropertyPath, parameter: str = "filter") -> Property:
        """Finds the property that a path names: a real one, else an alias, else one behind the entity's name."""
        path = ".".join(operand.names).lower()
        found = self._named(path)
        if found is None:
            entity, _, rest = path.partition(".")
            found = self._named(rest) if entity in self._entities else None
        if found is not None:
            return found
        if member := next((name for name in path.split(".")[:2] if name in self._numbers), None):
            group = member.capitalize()
            hint = phrase(f"name a number below it, such as [{group}].[temperature], by letters, digits, _ or -.")
        elif near := self._near(path):
            either = _either(near)
            hint = phrase(f"did you mean {either}?")
        elif len(self.properties) <= _LISTED:
            words = ", ".join(str(known) for known in self.properties.values())
            hint = phrase(f"known are {words}.")
        else:
            hint = phrase("see the list of properties in the documentation.")
        raise Invalid(f"Unknown property {operand} at {operand.at}; {hint}", parameter)

    def _named(self, path: str) -> Property | None:
        found = self.properties.get(path)
        if found is not None:
            return found
        start = path
        while start:
            if start in self._aliases:
                return self.properties.get(self._aliases[start] + path[len(start) :])
            start = start.rpartition(".")[0]
        member, _, name = path.partition(".")
        is_number = member in self._numbers and self._numbers[member].fullmatch(name)
        return Property(path, Kind.NUMBER) if is_number else None

    def _near(self, path: str) -> list[str]:
        """Returns properties whose last name is the same or spelt alike, the most similar path first."""
        last = path.rpartition(".")[2]
        ends = [last] if last in self._by_end else nearest(last, self._by_end)
        candidates = [path for end in ends for path in self._by_end[end]]
        return [str(self.properties[found]) for found in nearest(path, candidates, likeness=0)]

    def _make_filter(self, text: str) -> Filter:
        condition, echo = parse_filter(text)
        bound, unknown = bind(condition, self.resolve, tags=self.columns.tag_owner is not None)
        shape, searched = shape_of(bound, self.columns, PREFIX), narrowing(bound, self.columns)
        return Filter(echo, condition, bound, self.columns, shape, searched, len(text) <= _CACHED_LENGTH, unknown)

    def _make_sort(self, text: str) -> Sort:
        parsed, echo = parse_sort(text)
        compiler = Compiler(self.columns, "sort")
        id: ColumnElement[Any] = self.columns.table.c.id
        keys: list[Key] = []
        joins: list[FromClause] = []
        for key in parsed:
            if isinstance(key.operand, tree.Tag):
                values, kinds = self._tag_values(key.operand, compiler)
                joins.append(values)
                keys += [Key(values.c[kind.value], kind, key.descending, True, False) for kind in kinds]
            else:
                found = self._sortable(key.operand, "sort")
                nullable, indexed = self.columns.nullable(found), self.columns.indexed(found)
                keys.append(Key(self.columns.sorted_by(found), found.kind, key.descending, nullable, indexed))
                compiler.tables |= self.columns.tables(found)
                if len(parsed) == 1:
                    id = self.columns.id_beside(found)
        return Sort(
            tuple(keys),
            id,
            echo,
            tables=compiler.tables,
            joins=tuple(joins),
            reusable=len(text) <= _CACHED_LENGTH,
        )

    def _make_grouping(self, text: str) -> Grouping:
        found = self._sortable(parse_grouping(text), "grouping")
        return Grouping(self.columns.shown(found), self.columns.tables(found))

    def _sortable(self, operand: tree.PropertyPath, parameter: str) -> Property:
        found = self.resolve(operand, parameter)
        if found.kind not in SORTABLE:
            raise Invalid(
                f"Unsupported {parameter} by {operand} at {operand.at}, which is of type {found.kind.value}; "
                "use one of its properties or another one.",
                parameter,
            )
        return found

    def _tag_values(self, tag: tree.Tag, compiler: Compiler) -> tuple[FromClause, list[Kind]]:
        """Returns a table of a tag's values, one row for each `owner`, and their kinds; number and text by default."""
        check_tag(tag, "sort", tags=self.columns.tag_owner is not None)
        kinds = [Kind(tag.type)] if tag.type else [Kind.NUMBER, Kind.STRING]
        if not SORTABLE.issuperset(kinds):
            raise Invalid(f"Unsupported sort by {tag} at {tag.at}; an array has no order.", "sort")
        texts, numbers = device_tag.c.value_order, device_tag.c.value_number
        # A name may be both a custom tag and a system tag of one device: the smaller value counts.
        values = (func.min(texts if kind in TEXT_TAGS else numbers).label(kind.value) for kind in kinds)
        same_tag = and_(device_tag.c.network_id == tag_key.c.network_id, device_tag.c.tag_id == tag_key.c.id)
        keys = compiler.tag_keys(fold(tag.name), tag.entity, tag.system_or_any, tag.type)
        return (
            select(device_tag.c.device_id.label("owner"), *values)
            .select_from(tag_key.join(device_tag, same_tag))
            .where(tag_key.c.network_id == NETWORK, *keys)
            .group_by(device_tag.c.device_id)
            .subquery()
        ), kinds


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
