"""Tree to text: the one spelling of each tree. Parsing it gives the tree again."""

from __future__ import annotations

from signfleet.foundation.expressions import tree


def print_filter(condition: tree.Condition) -> str:
    """Write a condition with as few parentheses as its tree needs."""
    match condition:
        case tree.And(conditions):
            return " AND ".join(_grouped(part, tree.And, tree.Or) for part in conditions)
        case tree.Or(conditions):
            return " OR ".join(_grouped(part, tree.Or) for part in conditions)
        case tree.Criterion(operand, operator, values):
            return f"{operand} {operator.words}{_values(operator.shape, values)}"


def print_sort(keys: tuple[tree.SortKey, ...]) -> str:
    """Write sort keys, each with its direction."""
    return ", ".join(f"{key.operand} {'DESC' if key.descending else 'ASC'}" for key in keys)


def _grouped(condition: tree.Condition, *looser: type) -> str:
    text = print_filter(condition)
    return f"({text})" if isinstance(condition, looser) else text


def _values(shape: tree.Shape, values: tuple[tree.Literal, ...] | tree.TimeWindow) -> str:
    if isinstance(values, tree.TimeWindow):
        return f" ({values.unit.value}, {values.count}, {_literal(values.until)})"
    texts = [_literal(value) for value in values]
    match shape:
        case tree.Shape.NOTHING:
            return ""
        case tree.Shape.VALUES:
            return f" ({', '.join(texts)})"
        case tree.Shape.BOUNDS:
            return f" {' AND '.join(texts)}"
        case _:
            return f" {texts[0]}"


def _literal(literal: tree.Literal) -> str:
    match literal:
        case tree.Text(source):
            return f"'{source}'"
        case tree.Number(source):
            return source
        case tree.Truth(value):
            return "TRUE" if value else "FALSE"
