"""Random expressions over random fleets: both stores answer what a plain evaluation of the documents does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions import tree
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.types import OPERATORS, SORTABLE, Kind
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.wire import datetime, timespan
from tests.foundation.expressions.evaluator import matches, ordered
from tests.foundation.expressions.fleet import (
    FRACTIONS,
    MODELS,
    MOMENTS,
    NUMBERS,
    SPANS,
    TAG_NAMES,
    TEXTS,
    put_fleet,
    random_fleet,
)
from tests.foundation.expressions.printer import print_filter, print_sort
from tests.foundation.expressions.strategies import joined

FLEETS = {seed: random_fleet(seed, 30, first) for seed, first in ((1, 1), (2, 31), (3, 61))}
LISTING = Listing(DEVICES)
quietly = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))


@pytest.fixture
async def fleets(store: Store) -> AsyncIterator[Store]:
    for seed, fleet in FLEETS.items():
        await put_fleet(store, seed, fleet)
    return store


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return escaped.replace("*", "\\*").replace("?", "\\?")


_pieces = st.sampled_from([*TEXTS, "lob", "STR", "é", "%", "_", "b", " ", "ждА"]).map(_quoted)
_wild = st.lists(st.one_of(_pieces, st.sampled_from(["*", "?"])), max_size=4).map("".join)
_moments = st.sampled_from([datetime.format(moment) for moment in MOMENTS])
_literals: dict[Kind, st.SearchStrategy[tree.Literal]] = {
    Kind.STRING: st.builds(tree.Text, _pieces | _wild),
    Kind.STRING_ARRAY: st.builds(tree.Text, _pieces),
    Kind.NUMBER: st.builds(tree.Number, st.sampled_from([*NUMBERS, *FRACTIONS, 2.5]).map(str)),
    Kind.NUMERIC_ARRAY: st.builds(tree.Number, st.sampled_from(["1", "2", "2.5", "9"])),
    Kind.DATE_TIME: st.builds(tree.Text, _moments),
    Kind.TIME_SPAN: st.builds(tree.Text, st.sampled_from([timespan.format(span) for span in SPANS])),
    Kind.BOOLEAN: st.one_of(
        st.builds(tree.Truth, st.booleans()), st.builds(tree.Text, st.sampled_from(["TRUE", "false"]))
    ),
}
_FRAGMENTS = {operator for operator in OPERATORS[Kind.STRING] if operator not in OPERATORS[Kind.NUMBER]}


def _values(operator: tree.Operator, literal: st.SearchStrategy[tree.Literal]) -> st.SearchStrategy[object]:
    match operator.shape:
        case tree.Shape.NOTHING:
            return st.just(())
        case tree.Shape.VALUE:
            return st.tuples(literal)
        case tree.Shape.BOUNDS:
            return st.tuples(literal, literal)
        case tree.Shape.VALUES:
            return st.lists(literal, min_size=1, max_size=3).map(tuple)
        case tree.Shape.PERIOD:
            return st.builds(
                tree.TimeWindow, st.sampled_from(tree.Unit), st.integers(0, 60), st.builds(tree.Text, _moments)
            )


@st.composite
def _property_criteria(draw: st.DrawFn) -> tree.Criterion:
    found: Property = draw(st.sampled_from(list(DEVICES.properties.values())))
    operator = draw(st.sampled_from(sorted(OPERATORS[found.kind], key=lambda operator: operator.words)))
    if found.kind is Kind.ENUM:
        words = st.sampled_from(MODELS if found.open else found.words)
        fragments = st.sampled_from(["n", "or", "HD", "NORMAL", "", "zz"])
        literal = st.builds(tree.Text, fragments if operator in _FRAGMENTS else words)
    else:
        literal = _literals.get(found.kind, st.nothing())
    values = draw(_values(operator, literal))
    return tree.Criterion(tree.PropertyPath(tuple(found.path.split("."))), operator, values)


_tags = st.builds(
    tree.Tag,
    st.sampled_from(TAG_NAMES).map(str.upper) | st.sampled_from(TAG_NAMES),
    st.none() | st.sampled_from(["string", "number", "stringArray"]),
    st.sampled_from([None, None, "Device", "Content"]),
    st.sampled_from([False, False, False, True]),
)
_tag_texts = st.sampled_from(
    ["Odesa", "o*A", "STRASSE", "", "2024-03-13T00:00:00Z", "true", "00:05:00", "red", "blue", "a,b", 'q"t', "l"]
)
_tag_numbers = st.sampled_from(["-1", "0", "1", "2", "2.5", "7"])
_tag_literals = st.one_of(
    st.builds(tree.Text, _tag_texts), st.builds(tree.Number, _tag_numbers), st.builds(tree.Truth, st.booleans())
)
_tag_criteria = st.sampled_from(tree.Operator).flatmap(
    lambda operator: st.builds(tree.Criterion, _tags, st.just(operator), _values(operator, _tag_literals))
)


def _readable(criterion: tree.Criterion) -> bool:
    """Whether some type of tag takes the operator and can read the literals."""
    try:
        return DEVICES.filter(print_filter(criterion)) is not None
    except Invalid:
        return False


_conditions = st.recursive(
    st.one_of(_property_criteria(), _property_criteria(), _tag_criteria.filter(_readable)), joined, max_leaves=5
)
_sortable = [
    tree.PropertyPath(tuple(found.path.split("."))) for found in DEVICES.properties.values() if found.kind in SORTABLE
]
_indexed = [tree.PropertyPath((name,)) for name in ("Id", "Serial", "Model", "Name", "LastModifiedDate")]
_indexed.append(tree.PropertyPath(("Status", "LastModifiedDate")))
_sort_tags = [tree.Tag(name) for name in TAG_NAMES] + [tree.Tag("City", "string", "Device")]
_sort_keys = st.lists(
    st.builds(
        tree.SortKey,
        st.sampled_from(_sortable) | st.sampled_from(_indexed) | st.sampled_from(_sort_tags),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@quietly
@given(condition=_conditions, dialect=st.sampled_from(["sqlite", "postgresql"]))
def test_a_statement_shared_with_other_filters_is_the_filters_own(condition: tree.Condition, dialect: str) -> None:
    filter, order, given = DEVICES.filter(print_filter(condition)), DEVICES.sort(None), {"network_id": 1, "limit": 2}
    shared, own = (listing.statement(filter, order).prepared(dialect) for listing in (LISTING, Listing(DEVICES)))
    assert (shared.text, shared.arguments(given)) == (own.text, own.arguments(given))


@quietly
@given(condition=_conditions, seed=st.sampled_from(sorted(FLEETS)))
async def test_a_filter_finds_what_a_plain_evaluation_finds(
    fleets: Store, condition: tree.Condition, seed: int
) -> None:
    filter = DEVICES.filter(print_filter(condition))
    expected = [document["id"] for document in FLEETS[seed] if matches(DEVICES, condition, document)]
    assert await LISTING.ids(fleets, seed, filter=filter) == expected
    assert await LISTING.count(fleets, seed, filter=filter) == len(expected)


@quietly
@given(keys=_sort_keys, size=st.sampled_from([1, 4, 7, 100]), seed=st.sampled_from(sorted(FLEETS)))
async def test_pages_have_the_order_of_a_plain_sort(
    fleets: Store, keys: tuple[tree.SortKey, ...], size: int, seed: int
) -> None:
    sort = DEVICES.sort(print_sort(keys))
    seen: list[int] = []
    marker: str | None = ""
    while marker is not None:
        page = await LISTING.page(fleets, seed, filter=None, sort=sort, position=sort.position(marker), size=size)
        seen += page.ids
        marker = page.next_marker
    assert seen == [document["id"] for document in ordered(DEVICES, keys, FLEETS[seed])]
