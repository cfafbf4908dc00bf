"""Sentences about what does not fit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire.validation_messages import explain, in_words


class Part(msgspec.Struct, rename="camel"):
    how_done: Literal["Rare", "Well"] | None = None


class Whole(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=3)]
    parts: Annotated[list[Part], msgspec.Meta(max_length=9)] | None = None
    named: dict[str, Part] = {}


def said(value: Any, at: str = "", type_: Any = Whole) -> str:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(value, type_)
    return explain(raised.value, type_, at)


@pytest.mark.parametrize(
    ("value", "at", "sentence"),
    [
        ({}, "", "Object missing required field 'name'"),
        ({}, "settings", "Object missing required field 'name' - at 'settings'"),
        ({"name": "long"}, "", "Expected a string no longer than 3 - at 'name'"),
        ({"name": "long"}, "settings", "Expected a string no longer than 3 - at 'settings.name'"),
        (
            {"name": "a", "parts": [{}, {"howDone": "Raw"}]},
            "settings",
            "Invalid enum value 'Raw'; known are Rare, Well - at 'settings.parts[1].howDone'",
        ),
        (
            {"name": "a", "named": {"x": {"howDone": "Raw"}}},
            "",
            "Invalid enum value 'Raw'; known are Rare, Well - at 'named[...].howDone'",
        ),
    ],
)
def test_the_message_names_the_place_and_the_known_words(value: Any, at: str, sentence: str) -> None:
    assert said(value, at) == sentence


Colour = Annotated[str, msgspec.Meta(pattern="^[0-9]+$", extra={"is": "a colour"})]


class Painted(msgspec.Struct):
    colour: Colour | msgspec.UnsetType | None = msgspec.UNSET
    colours: list[Colour] = []
    plain: Annotated[str, msgspec.Meta(pattern="^[0-9]+$")] = ""


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"colour": "red"}, "Expected a colour - at 'colour'"),
        ({"colours": ["1", "red"]}, "Expected a colour - at 'colours[1]'"),
        ({"plain": "red"}, "Expected text of another form - at 'plain'"),
    ],
)
def test_a_pattern_is_described_in_words(value: Any, sentence: str) -> None:
    assert said(value, type_=Painted) == sentence


def test_a_whole_value_may_be_a_word() -> None:
    assert said("c", type_=Literal["a", "b"]) == "Invalid enum value 'c'; known are a, b"


@given(st.text() | st.just("x' - at 'name'") | st.just("` - at 'name'"))
def test_a_value_is_never_mistaken_for_a_place(word: str) -> None:
    sentence = said({"name": "a", "parts": [{"howDone": word}]})
    assert sentence == f"Invalid enum value {word!r}; known are Rare, Well - at 'parts[0].howDone'"


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Expected `str | null`, got `int`", "Expected a string or null, got a whole number"),
        ("Expected `bool`, got `float`", "Expected true or false, got a number"),
        ("Expected `int` >= 1", "Expected a whole number of at least 1"),
        ("Expected `array` of length <= 32", "Expected an array no longer than 32"),
        ("Expected `datetime`", "Expected `datetime`"),
        ("Object missing required field `int`", "Object missing required field 'int'"),
    ],
)
def test_types_have_names_of_no_programming_language(sentence: str, words: str) -> None:
    assert in_words(sentence) == words
