"""Describes where JSON does not match a type, and what is expected there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from signfleet.foundation.errors import phrase

#: A message of msgspec, and the place in the JSON if it names one.
_MESSAGE = re.compile(r"(.*?)(?: - at `\$([^`]*)`)?", re.DOTALL)
_PLACE = re.compile(r" - at `\$([^`]*)`$")
#: The expected or actual types, with a limit if there is one.
_TYPES = re.compile(r"`(\w+(?: \| \w+)*)`( of length)?(?: ([<>]=) (\d+))?")
#: JSON's types by msgspec's names, which are Python's.
_WORDS = {
    "str": phrase("a string"),
    "int": phrase("a whole number"),
    "float": phrase("a number"),
    "bool": phrase("true or false"),
    "null": phrase("null"),
    "object": phrase("an object"),
    "array": phrase("an array"),
}
#: The steps of a place: `.name` in an object, `[3]` in an array, `[...]` in an object with arbitrary names.
_STEP = re.compile(r"\.([^.\[]+)|\[[^\]]*\]")


def explain(error: msgspec.ValidationError, type_: Any, at: str = "") -> str:
    """Returns the sentence for an `error` in a value of `type_`, which is at `at` (such as `settings`) in the body."""
    message = _MESSAGE.fullmatch(str(error))
    assert message is not None
    text, place = in_words(message[1]), message[2] or ""
    if " matching regex " in text:
        text = f"Expected {' or '.join(_forms(known_type(type_), place)) or phrase('text of another form')}"
    elif text.startswith("Invalid enum value"):
        text = f"{text}; known are {', '.join(_words(known_type(type_), place))}"
    whole = f"{at}{place}".removeprefix(".")
    return f"{text} - at '{whole}'" if whole else text


def malformed(error: Exception) -> str:
    """Returns the sentence for a text that is not JSON."""
    return _PLACE.sub(lambda found: f" - at '{found[1].removeprefix('.')}'" if found[1] else "", str(error))


def in_words(text: str) -> str:
    """Returns a sentence of msgspec, such as "Expected `str | null`, got `int`", without the names of Python types."""
    if text.startswith("Object missing required field "):
        return text.replace("`", "'")
    return _TYPES.sub(_type_in_words, text) if text.startswith("Expected ") else text


def _type_in_words(found: re.Match[str]) -> str:
    names, is_length, limit, number = found[1].split(" | "), found[2], found[3], found[4]
    kind = " or ".join(_WORDS.get(name, f"`{name}`") for name in names)
    if not limit:
        return kind
    is_least = limit == ">="
    if is_length:
        return phrase(f"{kind} no shorter than {number}") if is_least else phrase(f"{kind} no longer than {number}")
    return phrase(f"{kind} of at least {number}") if is_least else phrase(f"{kind} of at most {number}")


def _words(kind: inspect.Type, place: str) -> list[str]:
    """Returns the words of the enumeration at a place within a type."""
    kinds = [choice for found in _at(kind, place) for choice in choices(found)]
    return [str(word) for kind in kinds if isinstance(kind, inspect.LiteralType) for word in kind.values]


def _forms(kind: inspect.Type, place: str) -> list[str]:
    """Returns what `Meta(extra={"is": …})` calls the texts at a place within a type."""
    parts = [part for found in _at(kind, place) for part in _parts(found)]
    extras = [part.extra or {} for part in parts if isinstance(part, inspect.Metadata)]
    return [extra["is"] for extra in extras if "is" in extra]


def _at(kind: inspect.Type, place: str) -> list[inspect.Type]:
    """Returns the types of the values at a place within a type."""
    kinds = [kind]
    for step in _STEP.finditer(place):
        kinds = [below for found in kinds for choice in choices(found) for below in _below(choice, step[1])]
    return kinds


def _parts(kind: inspect.Type) -> list[inspect.Type]:
    """Returns the types of a union with their annotations."""
    return [part for each in kind.types for part in _parts(each)] if isinstance(kind, inspect.UnionType) else [kind]


@lru_cache(maxsize=256)
def known_type(type_: Any) -> inspect.Type:
    """Returns msgspec's description of a declared type; cached, since a large one takes 30 ms."""
    return inspect.type_info(type_)


def choices(kind: inspect.Type) -> list[inspect.Type]:
    """Returns the types that a type admits, without their annotations."""
    if isinstance(kind, inspect.Metadata):
        return choices(kind.type)
    if isinstance(kind, inspect.UnionType):
        return [choice for part in kind.types for choice in choices(part)]
    return [kind]


def _below(kind: inspect.Type, name: str | None) -> Iterator[inspect.Type]:
    """Yields the types one step below: of the member with this name, or of the elements."""
    if isinstance(kind, inspect.StructType):
        yield from (field.type for field in kind.fields if field.encode_name == name)
    elif isinstance(kind, inspect.ListType):
        yield kind.item_type
    elif isinstance(kind, inspect.DictType):
        yield kind.value_type
