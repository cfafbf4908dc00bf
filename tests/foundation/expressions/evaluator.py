"""The expression language in plain Python over decoded documents: what the stores' answers are held against.

It shares with the product the syntax tree, the names of properties and the text forms of the wire, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from signfleet.foundation.expressions import tree
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.tree import Operator, Wildcard
from signfleet.foundation.expressions.types import Kind
from signfleet.foundation.wire import tags as tagkeys
from signfleet.foundation.wire import timespan
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.datetime import MIN_MS
from signfleet.foundation.wire.datetime import parse as parse_date
from signfleet.foundation.wire.text import fold

Document = dict[str, Any]

_POSITIVE = {
    Operator.IS_NOT: Operator.IS,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_IN_RANGE: Operator.IN_RANGE,
    Operator.NOT_IN_LAST: Operator.IN_LAST,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.IS_NULL: Operator.IS_NOT_NULL,
}
_TEXTUAL = {Kind.STRING, Kind.ENUM}
_ARRAYS = {Kind.STRING_ARRAY, Kind.NUMERIC_ARRAY}


class CannotRead(Exception):
    """The literal or the operator means nothing to the kind."""


def matches(catalogue: Catalogue, condition: tree.Condition, document: Document) -> bool:
    """Tell whether a document matches."""
    match condition:
        case tree.And(parts):
            return all(matches(catalogue, part, document) for part in parts)
        case tree.Or(parts):
            return any(matches(catalogue, part, document) for part in parts)
        case tree.Criterion(tree.PropertyPath() as operand):
            found = catalogue.resolve(operand)
            return _holds(condition, found.kind, comparable(found.kind, found.path, document))
        case tree.Criterion(tree.Tag() as tag):
            tags = list(_tags(tag, document))
            if condition.operator is Operator.IS_NULL:
                return not tags
            return any(_tag_holds(condition, key, text) for key, text in tags)
    raise AssertionError(condition)


def ordered(catalogue: Catalogue, keys: Iterable[tree.SortKey], documents: list[Document]) -> list[Document]:
    """Sort documents; nulls are the smallest, and ties follow the id in the direction of the first key."""
    keys = list(keys)
    result = sorted(documents, key=lambda document: document["id"], reverse=keys[0].descending)
    for key in reversed(keys):
        result.sort(key=lambda document: _sort_value(catalogue, key.operand, document), reverse=key.descending)
        # Python keeps equal elements in their order, reversed or not.
    return result


def _sort_value(catalogue: Catalogue, operand: tree.Operand, document: Document) -> Any:
    if isinstance(operand, tree.PropertyPath):
        found = catalogue.resolve(operand)
        value = comparable(found.kind, found.path, document)
        if found.kind is Kind.ENUM and found.open:
            value = None if value is None else fold(value)
        if found.path in {*catalogue.columns.order, *catalogue.columns.ordered}:
            value = None if value is None else order_key(value)
        return (value is not None, value if value is not None else 0)
    numbers: list[Any] = []
    texts: list[Any] = []
    for key, text in _tags(operand, document):
        value = tagkeys.comparable(key.type, text)
        if not isinstance(value, list):
            texts.append(order_key(value)) if key.type == "string" else numbers.append(value)
    return tuple((bool(values), min(values, default=0)) for values in (numbers, texts))


def comparable(kind: Kind, path: str, document: Document) -> Any:
    """The value at a path as its kind compares, None for null; open and closed enumerations as they are spelt."""
    value: Any = document
    if path == "status.health" and document["status"] is None:
        return "Unknown"  # what is said of a device that never reported
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return None
    match kind:
        case Kind.STRING:
            return fold(value)
        case Kind.DATE_TIME:
            return parse_date(value)
        case Kind.TIME_SPAN:
            return timespan.parse(value)
        case Kind.STRING_ARRAY:
            return [fold(item["name"] if isinstance(item, dict) else item) for item in value]
    return value


def _tags(tag: tree.Tag, document: Document) -> Iterable[tuple[tagkeys.TagKey, str]]:
    for text, value in document["tags"].items():
        key = tagkeys.parse(text)
        if fold(key.name) != fold(tag.name) or (tag.type and key.type != tag.type):
            continue
        if (tag.entity and key.entity != tag.entity) or (tag.system and not key.system):
            continue
        if tag.entity and not tag.system and key.system:
            continue
        yield key, value


def _tag_holds(criterion: tree.Criterion, key: tagkeys.TagKey, text: str) -> bool:
    try:
        return _holds(criterion, Kind(key.type), tagkeys.comparable(key.type, text))
    except CannotRead:
        return False


def _holds(criterion: tree.Criterion, kind: Kind, value: Any) -> bool:
    operator = _POSITIVE.get(criterion.operator, criterion.operator)
    if operator is Operator.IS_NOT_NULL:
        return (value is not None) is (criterion.operator is Operator.IS_NOT_NULL)
    positive = _positive(operator, criterion.values, kind, value)
    return positive is (operator is criterion.operator)


def _positive(operator: Operator, values: Any, kind: Kind, value: Any) -> bool:
    if isinstance(values, tree.TimeWindow):
        if kind is not Kind.DATE_TIME:
            raise CannotRead
        until = _operand(kind, values.until)
        return value is not None and _before(until, values.unit, values.count) <= value <= until
    if kind is Kind.STRING and operator is Operator.IS and isinstance(values[0], tree.Text):
        return value is not None and _pattern(values[0]).fullmatch(value) is not None
    fragments = operator in {Operator.BEGINS, Operator.ENDS, Operator.CONTAINS} | {
        Operator.CONTAINS_ALL,
        Operator.CONTAINS_ANY,
    }
    if fragments is not (kind in _ARRAYS) and kind not in _TEXTUAL:
        raise CannotRead
    if operator in {Operator.BEGINS, Operator.ENDS} and kind in _ARRAYS:
        raise CannotRead
    if kind in _TEXTUAL and operator in {Operator.GREATER, Operator.LESS, Operator.IN_RANGE}:
        raise CannotRead
    if operator in {Operator.AFTER, Operator.BEFORE} and kind is not Kind.DATE_TIME:
        raise CannotRead
    if kind is Kind.BOOLEAN and operator is not Operator.IS:
        raise CannotRead
    operands = [_operand(Kind.STRING if fragments and kind is Kind.ENUM else kind, literal) for literal in values]
    if value is None:
        return False
    return _compare(operator, kind, fold(value) if kind is Kind.ENUM else value, operands)


def _compare(operator: Operator, kind: Kind, value: Any, operands: list[Any]) -> bool:
    first = operands[0]
    match operator:
        case Operator.IS | Operator.IN:
            return value in operands
        case Operator.GREATER | Operator.AFTER:
            return bool(value > first)
        case Operator.LESS | Operator.BEFORE:
            return bool(value < first)
        case Operator.IN_RANGE:
            return bool(first <= value <= operands[1])
        case Operator.BEGINS:
            return bool(value.startswith(first))
        case Operator.ENDS:
            return bool(value.endswith(first))
        case Operator.CONTAINS_ANY:
            return any(operand in value for operand in operands)
    return all(operand in value for operand in operands)


def _operand(kind: Kind, literal: tree.Literal) -> Any:
    match kind, literal:
        case ((Kind.STRING | Kind.ENUM | Kind.STRING_ARRAY), tree.Text()):
            return fold(literal.value)
        case ((Kind.NUMBER | Kind.NUMERIC_ARRAY), tree.Number(source)):
            return float(source)
        case Kind.BOOLEAN, tree.Truth(value):
            return value
        case Kind.BOOLEAN, tree.Text() if literal.value.lower() in {"true", "false"}:
            return literal.value.lower() == "true"
    try:
        if kind is Kind.DATE_TIME and isinstance(literal, tree.Text):
            return parse_date(literal.value)
        if kind is Kind.TIME_SPAN and isinstance(literal, tree.Text):
            return timespan.parse(literal.value)
    except ValueError:
        pass
    raise CannotRead


def _pattern(text: tree.Text) -> re.Pattern[str]:
    forms = {Wildcard.ANY: ".*", Wildcard.ONE: "."}
    pieces = (forms[piece] if isinstance(piece, Wildcard) else re.escape(fold(piece)) for piece in text.pattern)
    return re.compile("".join(pieces), re.DOTALL)


def _before(until: int, unit: tree.Unit, count: int) -> int:
    """`count` calendar units before, going back day by day from a date that does not exist."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=until)
    if unit is tree.Unit.DAYS:
        return max(MIN_MS, until - count * 86_400_000)
    months = count * (12 if unit is tree.Unit.YEARS else 1)
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    if year < 1:
        return MIN_MS
    for day in range(moment.day, 0, -1):
        try:
            earlier = moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
        return (earlier - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    raise AssertionError(until)
