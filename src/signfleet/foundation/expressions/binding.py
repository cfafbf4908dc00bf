"""Binds a syntax tree to an entity: resolves names, checks operators against kinds, reads literals.

Mistakes beyond the grammar raise `Invalid` here, with the position and what is expected.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import MINYEAR, UTC, datetime, timedelta

from signfleet.foundation.errors import Invalid, phrase
from signfleet.foundation.expressions import tree
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
from signfleet.foundation.expressions.tree import Operator, Wildcard
from signfleet.foundation.expressions.types import OPERATORS, Kind, Value, known_word, read
from signfleet.foundation.wire.datetime import MIN_MS
from signfleet.foundation.wire.tags import TYPES
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import DAY

Resolve = Callable[[tree.PropertyPath], Property]
"""Finds the property that a path names; raises Invalid for an unknown one."""

_NEGATIVE = frozenset(
    {
        Operator.IS_NOT,
        Operator.IS_NULL,
        Operator.NOT_IN,
        Operator.NOT_IN_RANGE,
        Operator.NOT_IN_LAST,
        Operator.NOT_CONTAINS,
    }
)
_FITS: dict[Operator, Callable[[str, str], bool]] = {Operator.BEGINS: str.startswith, Operator.ENDS: str.endswith}
_EQUALITY = frozenset({Operator.IS, Operator.IS_NOT})
_WHOLE_WORDS = _EQUALITY | {Operator.IN, Operator.NOT_IN}
_TEXTUAL = OPERATORS[Kind.STRING] - OPERATORS[Kind.NUMBER]
_COMPARISONS: dict[Operator, Callable[[tuple[Value, ...]], Predicate]] = {
    Operator.IS: OneOf,
    Operator.IS_NOT: OneOf,
    Operator.IN: OneOf,
    Operator.NOT_IN: OneOf,
    Operator.GREATER: lambda values: Between(values[0], None, strict=True),
    Operator.AFTER: lambda values: Between(values[0], None, strict=True),
    Operator.LESS: lambda values: Between(None, values[0], strict=True),
    Operator.BEFORE: lambda values: Between(None, values[0], strict=True),
    Operator.IN_RANGE: lambda values: Between(values[0], values[-1]),
    Operator.NOT_IN_RANGE: lambda values: Between(values[0], values[-1]),
    Operator.CONTAINS: lambda values: Has(values, every=True),
    Operator.NOT_CONTAINS: lambda values: Has(values, every=True),
    Operator.CONTAINS_ALL: lambda values: Has(values, every=True),
    Operator.CONTAINS_ANY: lambda values: Has(values, every=False),
}
_ARRAYS = frozenset({Kind.STRING_ARRAY, Kind.NUMERIC_ARRAY})
_TAG_KINDS = tuple(Kind(name) for name in TYPES)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


MAX_TAGS = 25
"""How many criteria on tags a filter may have: each is a subquery."""


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A value that an open enumeration does not list: it is valid if any instance has it."""

    of: Property
    literal: tree.Text
    operand: tree.Operand

    @property
    def key(self) -> str:
        """Returns the folded value, which instances are compared with."""
        return fold(self.literal.value)

    def refuse(self) -> None:
        """Raises Invalid, with the known words that are spelt like the value."""
        _read(self.literal, replace(self.of, open=False), self.operand)


def bind(condition: tree.Condition, resolve: Resolve, *, tags: bool) -> tuple[Bound, tuple[UnknownWord, ...]]:
    """Returns the bound condition, and the words in it that only data can confirm. Raises Invalid.

    `tags` is whether the entity has tags.
    """
    binder = _Binder(resolve, tags)
    return binder.bind(condition), tuple(binder.unknown)


def check_tag(tag: tree.Tag, parameter: str, *, tags: bool) -> None:
    """Raises Invalid if the entity has no tags."""
    if not tags:
        raise Invalid(f"Unsupported tag {tag} at {tag.at}; only players have tags.", parameter)


class _Binder:
    def __init__(self, resolve: Resolve, tags: bool) -> None:
        self._resolve = resolve
        self._tags = tags
        self._tag_count = 0
        self.unknown: list[UnknownWord] = []

    def bind(self, condition: tree.Condition) -> Bound:
        if isinstance(condition, tree.And):
            return All(tuple(self.bind(part) for part in condition.conditions))
        if isinstance(condition, tree.Or):
            return Some(tuple(self.bind(part) for part in condition.conditions))
        operand = condition.operand
        if isinstance(operand, tree.PropertyPath):
            found = self._resolve(operand)
            test = _property_test(condition, operand, found)
            if found.open and condition.operator in _WHOLE_WORDS and isinstance(condition.values, tuple):
                self.unknown += _unknown_words(condition.values, operand, found)
            return test
        check_tag(operand, "filter", tags=self._tags)
        self._tag_count += 1
        if self._tag_count > MAX_TAGS:
            raise Invalid(f"The filter has more than {MAX_TAGS} criteria on tags at {operand.at}; use lists.", "filter")
        return _tag_test(condition, operand)


def _property_test(criterion: tree.Criterion, operand: tree.PropertyPath, found: Property) -> Bound:
    if criterion.operator not in OPERATORS[found.kind]:
        raise Invalid(
            f"Unsupported operator {criterion.operator.words} at {criterion.at} for {operand}, which is of type "
            f"{found.kind.value}; use {_operators(found.kind)}.",
            "filter",
        )
    predicate = _predicate(criterion, found)
    return Test(found, predicate, criterion.operator in _NEGATIVE)


def _unknown_words(
    values: tuple[tree.Literal, ...], operand: tree.PropertyPath, found: Property
) -> Iterator[UnknownWord]:
    for literal in values:
        if isinstance(literal, tree.Text) and known_word(literal.value, found.words) is None:
            yield UnknownWord(found, literal, operand)


def _tag_test(criterion: tree.Criterion, tag: tree.Tag) -> Bound:
    """Returns the test of a criterion on a tag.

    A bare tag may have any type: the criterion matches tags of every type that can read its values. `<Floor> IS '2'`
    matches a text '2'; `<Floor> IS 2` matches the number.
    """
    name = fold(tag.name)
    kinds = (Kind(tag.type),) if tag.type else _TAG_KINDS
    if criterion.operator in {Operator.IS_NULL, Operator.IS_NOT_NULL}:
        typed = ((kinds[0], Present()),) if tag.type else ()
        return TagTest(name, tag.entity, tag.system_or_any, typed, absent=criterion.operator is Operator.IS_NULL)
    readings: list[tuple[Kind, Predicate]] = []
    problem: Invalid | None = None
    for kind in kinds:
        if criterion.operator in OPERATORS[kind]:
            try:
                readings.append((kind, _predicate(criterion, Property("", kind))))
            except Invalid as wrong:
                problem = problem or wrong
    if readings:
        return TagTest(name, tag.entity, tag.system_or_any, tuple(readings), criterion.operator in _NEGATIVE)
    if problem is not None:
        raise problem
    raise Invalid(
        f"Unsupported operator {criterion.operator.words} at {criterion.at} for {tag}, which is of type "
        f"{kinds[0].value}; use {_operators(kinds[0])}.",
        "filter",
    )


def _operators(kind: Kind) -> str:
    return ", ".join(operator.words for operator in Operator if operator in OPERATORS[kind])


def _predicate(criterion: tree.Criterion, found: Property) -> Predicate:
    """Returns the positive predicate of a criterion; the property's kind takes its operator."""
    if isinstance(criterion.values, tree.TimeWindow):
        return _period(criterion.values, criterion.operand)
    if criterion.operator.shape is tree.Shape.NOTHING:
        return Present()
    if found.kind is Kind.STRING and criterion.operator in _EQUALITY:
        return _equal(_text(criterion.values[0], criterion.operand))
    if found.kind not in _ARRAYS and criterion.operator in _TEXTUAL:
        return _textual(criterion, criterion.values, found)
    values = dict.fromkeys(_read(value, found, criterion.operand) for value in criterion.values)
    return _COMPARISONS[criterion.operator](tuple(values))


def _read(literal: tree.Literal, found: Property, operand: tree.Operand) -> Value:
    try:
        return read(found.kind, literal, found.words, open=found.open)
    except ValueError as reason:
        raise _unsupported(literal, operand, str(reason)) from None


def _text(literal: tree.Literal, operand: tree.Operand) -> tree.Text:
    if isinstance(literal, tree.Text):
        return literal
    raise _unsupported(literal, operand, phrase("expected a text such as 'Lobby'"))


def _unsupported(literal: tree.Literal, operand: tree.Operand, reason: str) -> Invalid:
    match literal:
        case tree.Text(source):
            shown = f"'{source[:80]}'"
        case tree.Number(source):
            shown = source[:80]
        case tree.Truth(value):
            shown = str(value).upper()
    return Invalid(f"Unsupported value {shown} for {operand} at {literal.at}; {reason}.", "filter")


def _equal(literal: tree.Text) -> Predicate:
    pattern = tuple(fold(piece) if isinstance(piece, str) else piece for piece in literal.pattern)
    if all(isinstance(piece, str) for piece in pattern):
        return OneOf(("".join(str(piece) for piece in pattern),))
    return Like((pattern,))


def _textual(criterion: tree.Criterion, values: tuple[tree.Literal, ...], found: Property) -> Predicate:
    """Returns the predicate of BEGINS WITH, ENDS WITH or CONTAINS.

    On a closed enumeration it is the list of the words that match, which an index serves.
    """
    texts = [fold(_text(value, criterion.operand).value) for value in values]
    every = criterion.operator is not Operator.CONTAINS_ANY
    if found.kind is Kind.ENUM and not found.open:
        fits = _FITS.get(criterion.operator, str.__contains__)
        quantifier = all if every else any
        return OneOf(tuple(word for word in found.words if quantifier(fits(fold(word), text) for text in texts)))
    before = () if criterion.operator is Operator.BEGINS else (Wildcard.ANY,)
    after = () if criterion.operator is Operator.ENDS else (Wildcard.ANY,)
    return Like(tuple((*before, text, *after) if text else (Wildcard.ANY,) for text in texts), every)


def _period(period: tree.TimeWindow, operand: tree.Operand) -> Between:
    until = _read(period.until, Property("", Kind.DATE_TIME), operand)
    assert isinstance(until, int)
    return Between(_earlier(until, period.unit, period.count), until)


def _earlier(ms: int, unit: tree.Unit, count: int) -> int:
    """Returns the moment a number of calendar units before `ms`; the 31st becomes the last day of a shorter month."""
    if unit is tree.Unit.DAYS:
        return max(MIN_MS, ms - count * DAY)
    moment = _EPOCH + timedelta(milliseconds=ms)
    year, month = divmod(moment.year * 12 + moment.month - 1 - count * (12 if unit is tree.Unit.YEARS else 1), 12)
    if year < MINYEAR:
        return MIN_MS
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return (moment.replace(year=year, month=month + 1, day=day) - _EPOCH) // timedelta(milliseconds=1)
