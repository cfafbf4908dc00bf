"""Random syntax trees."""

from __future__ import annotations

from hypothesis import strategies as st

from signfleet.foundation.expressions import tree
from signfleet.foundation.wire.tags import ENTITIES, TYPES

_CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\x00'\\")
_SOURCES = st.lists(st.one_of(_CHARACTERS, st.sampled_from(["''", "\\\\", "\\*", "\\?", "\\'", "*", "?"])), max_size=8)
texts = st.builds(tree.Text, _SOURCES.map("".join))
numbers = st.builds(tree.Number, st.from_regex(r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?", fullmatch=True))
literals = st.one_of(texts, numbers, st.builds(tree.Truth, st.booleans()))
_names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00[].<>"), min_size=1, max_size=8)
_properties = st.lists(_names.filter(str.strip), min_size=1, max_size=3).map(
    lambda names: tree.PropertyPath(tuple(names))
)
_tag_names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00<>"), min_size=1, max_size=8)
_tags = st.builds(
    tree.Tag,
    _tag_names.filter(str.strip),
    st.none() | st.sampled_from(TYPES),
    st.none() | st.sampled_from(ENTITIES),
    st.booleans(),
)
operands = st.one_of(_properties, _tags)


def _values(operator: tree.Operator) -> st.SearchStrategy[object]:
    match operator.shape:
        case tree.Shape.NOTHING:
            return st.just(())
        case tree.Shape.VALUE:
            return st.tuples(literals)
        case tree.Shape.BOUNDS:
            return st.tuples(literals, literals)
        case tree.Shape.VALUES:
            return st.lists(literals, min_size=1, max_size=5).map(tuple)
        case tree.Shape.PERIOD:
            return st.builds(tree.TimeWindow, st.sampled_from(tree.Unit), st.integers(0, 999_999_999), texts)


criteria = st.sampled_from(tree.Operator).flatmap(
    lambda operator: st.builds(tree.Criterion, operands, st.just(operator), _values(operator))
)


def joined(parts: st.SearchStrategy[tree.Condition]) -> st.SearchStrategy[tree.Condition]:
    """Conditions joined by AND or OR."""
    several = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(tree.And, several), st.builds(tree.Or, several))


conditions = st.recursive(criteria, joined, max_leaves=12)
sort_keys = st.lists(st.builds(tree.SortKey, operands, st.booleans()), min_size=1, max_size=8).map(tuple)
