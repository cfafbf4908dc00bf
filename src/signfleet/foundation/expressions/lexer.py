"""Splits a text into tokens: a property path, a tag, a literal, a word, `(`, `)` and `,` are each one token."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from signfleet.foundation.errors import Invalid, phrase
from signfleet.foundation.expressions import tree
from signfleet.foundation.wire.tags import type_of_word
from signfleet.foundation.wire.text import forbidden_character

MAX_LENGTH = 8192
"""The longest expression, in characters."""

KEYWORDS = frozenset(word for operator in tree.Operator for word in operator.words.split()) | {
    "AND",
    "OR",
    "ASC",
    "DESC",
}
"""The words that `echo` writes in capitals."""


class TokenKind(Enum):
    PROPERTY = "a property"
    TAG = "a tag"
    TEXT = "a text"
    NUMBER = "a number"
    WORD = "a word"
    MARK = "a mark"
    END = "the end"


class Token(NamedTuple):
    """A piece of an expression: `text` as written, `at` its position counted from 1.

    `word` is a word in capitals, and the text of any other token.
    """

    kind: TokenKind
    text: str
    at: int
    word: str
    operand: tree.Operand | None = None


_BLANKS = re.compile(r"\s*")
_TEXT = re.compile(r"'(?:[^'\\]|''|\\.)*+'", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?![\w.])")
_NUMBER_AT_FIRST_SIGHT = re.compile(r"[+-]?\.?[0-9][\w.]*")
_WORD = re.compile(r"[^\W\d]\w*")
_TAG_TYPE = re.compile(r"([^\W\d]\w*)::")
_NAME = re.compile(r"\[([^\[\]]*)\]")
_TAG_NAME = re.compile(r"<([^<>]*)>")
_ENTITIES = {"device": "Device", "content": "Content"}


def tokenize(text: str, parameter: str) -> list[Token]:
    """Splits an expression; the last token is END. Raises Invalid, naming `parameter`, for text that is no token."""
    if len(text) > MAX_LENGTH:
        raise Invalid(f"The {parameter} has {len(text)} characters; at most {MAX_LENGTH} are allowed.", parameter)
    if (index := forbidden_character(text)) is not None:
        raise Invalid(f"The {parameter} has a character at {index + 1} that no value can contain.", parameter)
    scanner = _Scanner(text, parameter)
    tokens = [scanner.next()]
    while tokens[-1].kind is not TokenKind.END:
        tokens.append(scanner.next())
    return tokens


def echo(tokens: list[Token]) -> str:
    """Returns an expression as the contract echoes it: keywords in capitals, one space between two tokens."""
    return " ".join(
        token.word if token.word in KEYWORDS else token.text for token in tokens if token.kind is not TokenKind.END
    )


class _Scanner:
    def __init__(self, text: str, parameter: str) -> None:
        self._text = text
        self._parameter = parameter
        self._index = 0

    def next(self) -> Token:
        start = self._match(_BLANKS).end()
        self._index = start
        if start == len(self._text):
            return Token(TokenKind.END, "", start + 1, "")
        character = self._text[start]
        if character in "[<" or ((character.isalnum() or character == "_") and _TAG_TYPE.match(self._text, start)):
            operand = self._operand()
            kind = TokenKind.TAG if isinstance(operand, tree.Tag) else TokenKind.PROPERTY
            text = self._text[start : self._index]
            return Token(kind, text, start + 1, text, operand)
        if character == "'" and not _TEXT.match(self._text, start):
            raise self._wrong(
                f"The text that begins at {start + 1} has no closing quote; a quote inside a text is doubled."
            )
        for kind, form in ((TokenKind.TEXT, _TEXT), (TokenKind.NUMBER, _NUMBER), (TokenKind.WORD, _WORD)):
            if found := form.match(self._text, start):
                self._index, text = found.end(), found.group()
                return Token(kind, text, start + 1, text.upper() if kind is TokenKind.WORD else text)
        if found := _NUMBER_AT_FIRST_SIGHT.match(self._text, start):
            raise self._wrong(
                f"Unsupported number {found.group()[:40]} at {start + 1}; a number looks like 12, -3 or 12.5."
            )
        self._index += 1
        return Token(TokenKind.MARK, character, start + 1, character)

    def _operand(self) -> tree.Operand:
        at = self._index + 1
        tag_type = None
        if typed := _TAG_TYPE.match(self._text, self._index):
            tag_type = type_of_word.get(typed[1].lower())
            if tag_type is None:
                raise self._wrong(
                    f"Unsupported tag type '{typed[1]}' at {at}; known are {', '.join(type_of_word.values())}."
                )
            self._index = typed.end()
        names: list[str] = []
        while self._text.startswith("[", self._index):
            names += self._name()
            if not self._text.startswith(".", self._index):
                break
            self._index += 1
        else:
            return self._tag(tag_type, names, at)
        if tag_type is not None:
            raise self._wrong(f"Expected a tag such as <City> after the type at {at}, found a property.")
        return tree.PropertyPath(tuple(names), at)

    def _name(self) -> list[str]:
        found = _NAME.match(self._text, self._index)
        if found is None:
            raise self._wrong(f"The bracket opened at {self._index + 1} is not closed; a property looks like [Name].")
        names = found[1].split(".")
        if not all(name.strip() for name in names):
            raise self._wrong(f"Expected a name between the brackets at {self._index + 1}, found none.")
        self._index = found.end()
        return names

    def _tag(self, tag_type: str | None, names: list[str], at: int) -> tree.Tag:
        name = _TAG_NAME.match(self._text, self._index)
        if name is None:
            rest = self._text[self._index : self._index + 1]
            if rest == "<":
                raise self._wrong(
                    f"The < at {self._index + 1} is not closed; a tag looks like <City>, and to compare write "
                    "IS LESS THAN or IS BEFORE."
                )
            found = f"'{rest}'" if rest else phrase("the end")
            raise self._wrong(f"Expected a name such as [Name] or <Tag> at {self._index + 1}, found {found}.")
        if not name[1].strip():
            raise self._wrong(f"Expected the name of a tag between < and > at {self._index + 1}, found none.")
        self._index = name.end()
        words = [each.lower() for each in names]
        system = words[:1] == ["sys"]
        entities = words[1:] if system else words
        if len(entities) > 1 or any(word not in _ENTITIES for word in entities):
            raise self._wrong(
                f"Unsupported qualifier of the tag at {at}; a tag looks like [Device].<City> or [sys].[Device].<City>."
            )
        return tree.Tag(name[1], tag_type, _ENTITIES[entities[0]] if entities else None, system, at)

    def _match(self, form: re.Pattern[str]) -> re.Match[str]:
        found = form.match(self._text, self._index)
        assert found is not None
        return found

    def _wrong(self, message: str) -> Invalid:
        return Invalid(message, self._parameter)
