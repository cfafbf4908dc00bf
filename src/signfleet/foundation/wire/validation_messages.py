"""Says what of some JSON does not fit a type, where that is, and what would fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

#: What msgspec says, and the place in the JSON if it names one.
_SAID = re.compile(r"(.*?)(?: - at `\$([^`]*)`)?", re.DOTALL)
_PLACE = re.compile(r" - at `\$([^`]*)`$")
#: What was expected or found, with a limit if there is one.
_TYPES = re.compile(r"`(\w+(?: \| \w+)*)`( of length)?(?: ([<>]=) (\d+))?")
#: JSON's types by msgspec's names, which are Python's.
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "an array",
}
#: The steps of a place: `.name` in an object, `[3]` in an array, `[...]` in an object whose names are anybody's.
_STEP = re.compile(r"\.([^.\[]+)|\[[^\]]*\]")


def explain(error: msgspec.ValidationError, type_: Any, at: str = "") -> str:
    """The sentence for `error` at reading a `type_`, whose value stands at `at` (such as `settings`) in a whole."""
    said = _SAID.fullmatch(str(error))
    assert said is not None
    text, place = in_words(said[1]), said[2] or ""
    if " matching regex " in text:
        text = f"Expected {' or '.join(_forms(known_type(type_), place)) or 'text of another form'}"
    elif text.startswith("Invalid enum value"):
        text = f"{text}; known are {', '.join(_words(known_type(type_), place))}"
    whole = f"{at}{place}".removeprefix(".")
    return f"{text} - at '{whole}'" if whole else text


def malformed(error: Exception) -> str:
    """Returns what is wrong with a text that is no JSON."""
    return _PLACE.sub(lambda found: f" - at '{found[1].removeprefix('.')}'" if found[1] else "", str(error))


def in_words(text: str) -> str:
    """Returns a sentence of msgspec, such as "Expected `str | null`, got `int`", in words for everybody."""
    if text.startswith("Object missing required field "):
        return text.replace("`", "'")
    return _TYPES.sub(_type_in_words, text) if text.startswith("Expected ") else text


def _type_in_words(found: re.Match[str]) -> str:
    names, is_length, limit, number = found[1].split(" | "), found[2], found[3], found[4]
    words = " or ".join(_WORDS.get(name, f"`{name}`") for name in names)
    if not limit:
        return words
    least, most = ("no shorter than", "no longer than") if is_length else ("of at least", "of at most")
    return f"{words} {least if limit == '>=' else most} {number}"


def _words(kind: inspect.Type, place: str) -> list[str]:
    """The words of the enumeration at a place within a type."""
    kinds = [choice for found in _at(kind, place) for choice in choices(found)]
    return [str(word) for kind in kinds if isinstance(kind, inspect.LiteralType) for word in kind.values]


def _forms(kind: inspect.Type, place: str) -> list[str]:
    """Returns what `Meta(extra={"is": …})` calls the texts at a place within a type."""
    parts = [part for found in _at(kind, place) for part in _parts(found)]
    extras = [part.extra or {} for part in parts if isinstance(part, inspect.Metadata)]
    return [extra["is"] for extra in extras if "is" in extra]


def _at(kind: inspect.Type, place: str) -> list[inspect.Type]:
    """Returns the types of what stands at a place within a type."""
    kinds = [kind]
    for step in _STEP.finditer(place):
        kinds = [below for found in kinds for choice in choices(found) for below in _below(choice, step[1])]
    return kinds


def _parts(kind: inspect.Type) -> list[inspect.Type]:
    """Returns the types of a union with what is annotated about them."""
    return [part for each in kind.types for part in _parts(each)] if isinstance(kind, inspect.UnionType) else [kind]


@lru_cache(maxsize=256)
def known_type(type_: Any) -> inspect.Type:
    """What msgspec knows of a declared type; of a large one it takes 30 ms to find out."""
    return inspect.type_info(type_)


def choices(kind: inspect.Type) -> list[inspect.Type]:
    """The types that a type admits, without what is annotated about them."""
    if isinstance(kind, inspect.Metadata):
        return choices(kind.type)
    if isinstance(kind, inspect.UnionType):
        return [choice for part in kind.types for choice in choices(part)]
    return [kind]


def _below(kind: inspect.Type, name: str | None) -> Iterator[inspect.Type]:
    """The types of what is one step below: the property of this name, or an element of any."""
    if isinstance(kind, inspect.StructType):
        yield from (field.type for field in kind.fields if field.encode_name == name)
    elif isinstance(kind, inspect.ListType):
        yield kind.item_type
    elif isinstance(kind, inspect.DictType):
        yield kind.value_type
