"""Tag keys and tag values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire import tags as tagkeys
from signfleet.foundation.wire.tags import TagKey

names = st.text(
    alphabet=st.characters(exclude_characters="<>", categories=("L", "N", "P")),
    min_size=1,
    max_size=tagkeys.MAX_NAME_LENGTH,
)
keys = st.builds(TagKey, st.sampled_from(tagkeys.TYPES), st.booleans(), st.sampled_from(tagkeys.ENTITIES), names)


@given(keys)
def test_every_key_survives_its_text(key: TagKey) -> None:
    assert tagkeys.parse(str(key)) == key


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("string::[Device].<City>", "string::[Device].<City>"),
        ("Number::[device].<Number>", "number::[Device].<Number>"),
        ("DATETIME::[Content].<from-1.0 a>", "dateTime::[Content].<from-1.0 a>"),
        ("stringarray::[SYS].[DEVICE].<Colors>", "stringArray::[sys].[Device].<Colors>"),
    ],
)
def test_the_words_of_a_key_come_in_any_case(text: str, canonical: str) -> None:
    assert str(tagkeys.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("City", 1),
        ("text::[Device].<City>", 1),
        ("string:[Device].<City>", 7),
        ("string::Device.<City>", 9),
        ("string::[Player].<City>", 10),
        ("string::[sys].<City>", 15),
        ("string::[Device]<City>", 17),
        ("string::[Device].City", 18),
        ("string::[Device].<>", 19),
        ("string::[Device].< >", 19),
        ("string::[Device].<a\x00>", 19),
        ("string::[Device].<City> ", 24),
        ("string::[Device].<" + "x" * 129 + ">", 19),
    ],
)
def test_a_malformed_key_is_refused_at_its_position(text: str, position: int) -> None:
    with pytest.raises(ValueError, match=f"at position {position} of a tag key"):
        tagkeys.parse(text)


@pytest.mark.parametrize(
    ("tag_type", "value", "canonical", "comparable"),
    [
        ("string", "PlayAllDay", "PlayAllDay", "playallday"),
        ("string", "", "", ""),
        ("number", "30", "30", 30),
        ("number", 30, "30", 30),
        ("number", "-0.50", "-0.5", -0.5),
        ("number", 1e3, "1000", 1000),
        ("number", "+1.5e-3", "0.0015", 0.0015),
        ("number", "-0", "0", 0),
        ("boolean", True, "true", True),
        ("boolean", "FALSE", "false", False),
        ("dateTime", "2024-01-01T00:00:00.120+01:00", "2023-12-31T23:00:00.12Z", 1704063600120),
        ("timeSpan", "365.00:00", "365.00:00:00", 365 * 86_400_000),
        ("stringArray", ["Red", 'say "hi"', ""], '"Red","say ""hi""",""', ["red", 'say "hi"', ""]),
        ("stringArray", '"a, b" , c', '"a, b","c"', ["a, b", "c"]),
        ("stringArray", "", "", []),
        ("stringArray", [""], '""', [""]),
        ("numericArray", [1, 2.5], "1,2.5", [1, 2.5]),
        ("numericArray", "1, 2", "1,2", [1, 2]),
        ("numericArray", [], "", []),
    ],
)
def test_values_have_one_canonical_text(
    tag_type: str, value: object, canonical: str, comparable: tagkeys.Comparable
) -> None:
    assert tagkeys.normalise(tag_type, value) == canonical
    assert tagkeys.normalise(tag_type, canonical) == canonical
    assert tagkeys.comparable(tag_type, canonical) == comparable


@pytest.mark.parametrize(
    ("tag_type", "value"),
    [
        ("string", 5),
        ("string", None),
        ("string", {}),
        ("string", "a\x00"),
        ("string", "x" * (tagkeys.MAX_VALUE_LENGTH + 1)),
        ("number", "thirty"),
        ("number", ""),
        ("number", True),
        ("number", None),
        ("number", math.inf),
        ("number", math.nan),
        ("number", 10**40),
        ("number", "1e999"),
        ("number", "0." + "1" * 40),
        ("number", "٣"),
        ("boolean", 1),
        ("boolean", "yes"),
        ("dateTime", "2024-01-01"),
        ("dateTime", "0001-01-01T00:00:00"),
        ("dateTime", 0),
        ("timeSpan", "5"),
        ("stringArray", '"open'),
        ("stringArray", '"a"b'),
        ("stringArray", [1]),
        ("stringArray", {"a": 1}),
        ("numericArray", ["1", "x"]),
        ("numericArray", "1,,2"),
        ("numericArray", [[1]]),
        ("numericArray", list(range(2000))),
    ],
)
def test_values_of_another_type_are_refused(tag_type: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"tag|number|date and time|time span|array"):
        tagkeys.normalise(tag_type, value)


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))))
def test_string_arrays_survive_their_text(items: list[str]) -> None:
    text = tagkeys.normalise("stringArray", items)
    assert tagkeys.normalise("stringArray", text) == text


@given(st.sampled_from(tagkeys.TYPES), st.text() | st.floats() | st.integers() | st.lists(st.text() | st.floats()))
def test_what_is_accepted_can_be_compared(tag_type: str, value: object) -> None:
    try:
        text = tagkeys.normalise(tag_type, value)
    except ValueError:
        return
    assert tagkeys.normalise(tag_type, text) == text
    tagkeys.comparable(tag_type, text)
