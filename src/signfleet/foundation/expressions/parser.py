"""Parses tokens into a tree: the grammar of filters, sorts, groupings and projections.

A syntax error names the position, what is found there and what is expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from signfleet.foundation.errors import Invalid, phrase
from signfleet.foundation.expressions import tree
from signfleet.foundation.expressions.lexer import Token, TokenKind, echo, tokenize
from signfleet.foundation.expressions.suggestions import nearest

MAX_DEPTH = 50
"""How deep parentheses may nest."""
MAX_CRITERIA = 200
"""How many criteria a filter may have."""
MAX_VALUES = 1000
"""How many values a list after IN may have."""
MAX_CONTAINED = 10
"""How many values a list after CONTAINS ALL or CONTAINS ANY may have."""
MAX_SORT_KEYS = 8
"""How many keys a sort may have."""
MAX_TOP = 100
"""How many entities of each group a projection may return."""

_HINTS = {
    '"': phrase("a text stands in single quotes."),
    "=": phrase("write IS to compare."),
    "!": phrase("write IS NOT to compare."),
    ">": phrase("write IS GREATER THAN or IS AFTER to compare."),
}


@dataclass(slots=True)
class _Words:
    """A node of the tree of operators: the words that may follow, and the operator that is complete here."""

    next: dict[str, _Words] = field(default_factory=dict)
    operator: tree.Operator | None = None


def _operators() -> _Words:
    root = _Words()
    for operator in tree.Operator:
        node = root
        for word in operator.words.split():
            node = node.next.setdefault(word, _Words())
        node.operator = operator
    return root


_OPERATORS = _operators()


def parse_filter(text: str) -> tuple[tree.Condition, str]:
    """Parses a filter. Returns its tree and its echo. Raises Invalid."""
    parser = _Parser(text, "filter")
    condition = parser.any_of()
    parser.end(phrase("AND, OR or the end"))
    return condition, parser.echo


def parse_sort(text: str) -> tuple[tuple[tree.SortKey, ...], str]:
    """Parses a sort of one or more keys, separated by commas. Returns the keys and the echo. Raises Invalid."""
    parser = _Parser(text, "sort")
    keys = [parser.sort_key()]
    while parser.accept(","):
        keys.append(parser.sort_key())
    parser.end(phrase("ASC, DESC, a comma or the end"))
    if len(keys) > MAX_SORT_KEYS:
        raise Invalid(f"The sort has {len(keys)} keys; at most {MAX_SORT_KEYS} are allowed.", "sort")
    return tuple(keys), parser.echo


def parse_grouping(text: str) -> tree.PropertyPath:
    """Parses a grouping: the one property that forms the groups. Raises Invalid."""
    parser = _Parser(text, "grouping")
    operand = parser.operand(phrase("a property such as [Serial]"))
    if not isinstance(operand, tree.PropertyPath):
        raise Invalid(f"Expected a property such as [Serial] at {operand.at}, found a tag.", "grouping")
    parser.end(phrase("the end"))
    return operand


def parse_projection(text: str) -> int:
    """Parses a projection, `TOP(n,[Nodes])`. Returns n, 1 to 100. Raises Invalid."""
    parser = _Parser(text, "projection")
    parser.expect("TOP")
    parser.expect("(")
    count = parser.token
    number = parser.whole_number(phrase(f"a whole number from 1 to {MAX_TOP}"))
    parser.expect(",")
    nodes = parser.operand("[Nodes]")
    if not isinstance(nodes, tree.PropertyPath) or [name.lower() for name in nodes.names] != ["nodes"]:
        raise Invalid(f"Expected [Nodes] at {nodes.at}, found {nodes}.", "projection")
    parser.expect(")")
    parser.end(phrase("the end"))
    if not 1 <= number <= MAX_TOP:
        raise Invalid(f"Expected a whole number from 1 to {MAX_TOP} at {count.at}, found {count.text}.", "projection")
    return number


class _Parser:
    def __init__(self, text: str, parameter: str) -> None:
        self._tokens = tokenize(text, parameter)
        self._parameter = parameter
        self._index = 0
        self._depth = 0
        self._criteria = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._index]

    @property
    def echo(self) -> str:
        return echo(self._tokens)

    def accept(self, word: str) -> bool:
        if self.token.word != word:
            return False
        self._index += 1
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self._expected(word, [word])

    def end(self, expectation: str) -> None:
        if self.token.kind is not TokenKind.END:
            raise self._expected(expectation, ["AND", "OR"] if self._parameter == "filter" else ["ASC", "DESC"])

    def any_of(self) -> tree.Condition:
        parts = [self._all_of()]
        while self.accept("OR"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else tree.Or(tuple(parts))

    def sort_key(self) -> tree.SortKey:
        operand = self.operand(phrase("a property such as [Id]"))
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        return tree.SortKey(operand, descending)

    def operand(self, expectation: str) -> tree.Operand:
        operand = self.token.operand
        if operand is None:
            raise self._expected(expectation)
        self._index += 1
        return operand

    def whole_number(self, expectation: str) -> int:
        token = self.token
        digits = token.text.removeprefix("+")
        if token.kind is not TokenKind.NUMBER or not digits.isdigit() or len(digits) > 9:
            raise self._expected(expectation)
        self._index += 1
        return int(digits)

    def _all_of(self) -> tree.Condition:
        parts = [self._primary()]
        while self.accept("AND"):
            parts.append(self._primary())
        return parts[0] if len(parts) == 1 else tree.And(tuple(parts))

    def _primary(self) -> tree.Condition:
        opening = self.token
        if not self.accept("("):
            return self._criterion()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong(f"The parentheses at {opening.at} are nested more than {MAX_DEPTH} deep; use fewer.")
        condition = self.any_of()
        if not self.accept(")"):
            raise self._expected(phrase(f"AND, OR or the ) that closes the ( at {opening.at}"), ["AND", "OR"])
        self._depth -= 1
        return condition

    def _criterion(self) -> tree.Criterion:
        self._criteria += 1
        if self._criteria > MAX_CRITERIA:
            raise self._wrong(
                f"The filter has more than {MAX_CRITERIA} criteria at {self.token.at}; use a list or two calls."
            )
        operand = self.operand(phrase("a property such as [Name], a tag such as <City> or ("))
        at = self.token.at
        operator = self._operator(operand)
        return tree.Criterion(operand, operator, self._values(operator), at)

    def _operator(self, operand: tree.Operand) -> tree.Operator:
        node = _OPERATORS
        while (follower := node.next.get(self.token.word)) is not None:
            self._index += 1
            node = follower
        if node.operator is None:
            words = sorted(node.next)
            expectation = (
                phrase(f"an operator such as IS after {operand}") if node is _OPERATORS else " or ".join(words)
            )
            # The lexer reads anything between < and > as a tag.
            is_compared = node is _OPERATORS and self.token.text.startswith("<")
            raise self._expected(
                expectation, words, phrase("write IS LESS THAN or IS BEFORE to compare.") if is_compared else None
            )
        self._continuations = sorted(node.next)
        return node.operator

    def _values(self, operator: tree.Operator) -> tuple[tree.Literal, ...] | tree.TimeWindow:
        match operator.shape:
            case tree.Shape.NOTHING:
                return ()
            case tree.Shape.VALUE:
                return (self._literal(self._continuations),)
            case tree.Shape.BOUNDS:
                low = self._literal()
                self.expect("AND")
                return (low, self._literal())
            case tree.Shape.VALUES:
                contained = operator in {tree.Operator.CONTAINS_ALL, tree.Operator.CONTAINS_ANY}
                return self._list(operator, MAX_CONTAINED if contained else MAX_VALUES)
            case tree.Shape.PERIOD:
                return self._period()

    def _literal(self, continuations: Iterable[str] = ()) -> tree.Literal:
        token = self.token
        literal: tree.Literal
        if token.kind is TokenKind.TEXT:
            literal = tree.Text(token.text[1:-1], token.at)
        elif token.kind is TokenKind.NUMBER:
            literal = tree.Number(token.text, token.at)
        elif token.word in {"TRUE", "FALSE"}:
            literal = tree.Truth(token.word == "TRUE", token.at)
        else:
            raise self._expected(phrase("a value such as 'text', 12 or TRUE"), [*continuations, "TRUE", "FALSE"])
        self._index += 1
        return literal

    def _list(self, operator: tree.Operator, limit: int) -> tuple[tree.Literal, ...]:
        opening = self.token
        self.expect("(")
        values = [self._literal()]
        while self.accept(","):
            values.append(self._literal())
        if not self.accept(")"):
            raise self._expected(phrase(f"a comma or the ) that closes the list at {opening.at}"))
        if len(values) > limit:
            raise self._wrong(
                f"The list at {opening.at} has {len(values)} values; {operator.words} takes at most {limit}."
            )
        return tuple(values)

    def _period(self) -> tree.TimeWindow:
        at = self.token.at
        self.expect("(")
        units = [unit.value for unit in tree.Unit]
        word = self.token.text.lower()
        if word not in units:
            raise self._expected(" or ".join(units), units)
        self._index += 1
        self.expect(",")
        count = self.whole_number(phrase(f"a whole number of {word}"))
        self.expect(",")
        until = self.token
        if until.kind is not TokenKind.TEXT:
            raise self._expected(phrase("a date such as '2024-03-13T00:00:00Z'"))
        self._index += 1
        self.expect(")")
        return tree.TimeWindow(tree.Unit(word), count, tree.Text(until.text[1:-1], until.at), at)

    def _expected(self, expectation: str, words: Iterable[str] = (), hint: str | None = None) -> Invalid:
        token = self.token
        found = token.text[:40] if token.kind is not TokenKind.END else phrase("the end")
        hint = hint or _HINTS.get(token.text)
        if hint is None and token.kind is TokenKind.WORD:
            for near in nearest(token.word, words, count=1):
                hint = phrase(f"did you mean {near}?")
        if hint is None:
            return self._wrong(f"Expected {expectation} at {token.at}, found {found}.")
        return self._wrong(f"Expected {expectation} at {token.at}, found {found}; {hint}")

    def _wrong(self, message: str) -> Invalid:
        return Invalid(message, self._parameter)
