"""Names of properties in any letter case."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.web.contract.spelling import Spelling


class Part(msgspec.Struct, rename="camel"):
    how_done: str | None = None
    named: dict[str, int] = {}


class Other(msgspec.Struct, rename="camel"):
    parts: list[Part] = []
    by_name: dict[str, Part] = {}


class Whole(msgspec.Struct, rename="camel"):
    serial_number: str | None = None
    part: Part | None = None
    other: Other | None = None
    free: Any = None


SPELLING = Spelling(Whole)


def spell(body: Any) -> Any:
    return json.loads(SPELLING.spell(json.dumps(body).encode()))


def is_exact(body: Any) -> bool:
    return SPELLING.is_exact(body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("given_", "spelled"),
    [
        ({"SerialNumber": "A"}, {"serialNumber": "A"}),
        ({"SERIALNUMBER": "A"}, {"serialNumber": "A"}),
        ({"serialnumber": "A"}, {"serialNumber": "A"}),
        ({"PART": {"HowDone": "x"}}, {"part": {"howDone": "x"}}),
        ({"Other": {"Parts": [{"HOWDONE": "x"}, None]}}, {"other": {"parts": [{"howDone": "x"}, None]}}),
    ],
)
def test_a_name_may_have_any_letter_case(given_: Any, spelled: Any) -> None:
    assert not is_exact(given_)
    assert spell(given_) == spelled


@pytest.mark.parametrize("names", ["serialNumber SerialNumber", "SerialNumber serialNumber"])
def test_an_exact_name_takes_precedence(names: str) -> None:
    body = {name: name for name in names.split()}
    assert spell(body) == {"serialNumber": "serialNumber"}


def test_the_last_of_two_inexact_names_takes_precedence() -> None:
    assert spell({"SERIALNUMBER": "A", "SerialNumber": "B"}) == {"serialNumber": "B"}
    assert spell({"SerialNumber": "B", "SERIALNUMBER": "A"}) == {"serialNumber": "A"}


def test_unknown_names_and_keys_of_maps_do_not_change() -> None:
    body = {"part": {"named": {"HowDone": 1, "Part": 2}}, "free": {"Part": {"HOWDONE": 1}}, "Unknown": {"PART": 1}}
    assert spell(body) == body
    named = {"other": {"byName": {"PART": {"HowDone": "x"}}}}
    assert spell(named) == {"other": {"byName": {"PART": {"howDone": "x"}}}}


def test_similar_looking_letters_are_a_different_name() -> None:
    """The Kelvin sign is a K to Unicode's case folding, and none to the rule that names go by."""
    assert Spelling(msgspec.defstruct("Key", [("key", str)])).is_exact('{"\u212aey":"x"}'.encode())


def test_a_name_may_be_written_with_escapes() -> None:
    body = rb'{"\u0053erialNumber":"A"}'
    assert not is_exact(body)
    assert json.loads(SPELLING.spell(body)) == {"serialNumber": "A"}


@pytest.mark.parametrize("body", [b'{"serialNumber":"Part"}', b'{"serialNumber" : "A","x":["PART"]}', b"[]", b'"'])
def test_exact_names_are_recognized_at_once_with_any_values(body: bytes) -> None:
    assert is_exact(body)


@pytest.mark.parametrize(
    ("body", "exact"),
    [
        (b'{"part":null,"other":{"parts":[{"howDone":"x"},null]}}', True),
        (b'{"other":{"byName":{"PART":{"howDone":"x"}}},"free":{"PART":1}}', True),
        (b'{"unknown":1,"part":{"howDone":"x"}}', True),
        (b'{"unknown":1,"part":{"HowDone":"x"}}', False),
        (b'{"other":{"byName":{"PART":{"HowDone":"x"}}}}', False),
        (b'{"part":{"howDone":"x","HowDone":"y"}}', False),
    ],
)
def test_a_misspelt_name_is_found_at_any_depth(body: bytes, exact: bool) -> None:
    assert is_exact(body) == exact


def test_a_name_that_is_exact_in_another_place_is_checked() -> None:
    """One type has it so, another one with a capital letter."""
    inner = msgspec.defstruct("Inner", [("Name", str | None, None)])
    outer = Spelling(msgspec.defstruct("Outer", [("name", str | None, None), ("inner", inner | None, None)]))
    assert not outer.is_exact(b'{"Name":"A"}')
    assert json.loads(outer.spell(b'{"Name":"A","inner":{"name":"B"}}')) == {"name": "A", "inner": {"Name": "B"}}


def test_a_type_without_properties_has_no_spelling() -> None:
    assert Spelling(dict[str, Any]).is_exact(b'{"a":1,"A":2}')
    assert Spelling(list[str]).is_exact(b'["a","A"]')


VALUES = st.builds(
    Whole,
    st.text() | st.none(),
    st.builds(Part, st.text(), st.dictionaries(st.text(), st.integers(-9, 9))),
    st.builds(Other, st.lists(st.builds(Part, st.text())), st.dictionaries(st.text(), st.builds(Part, st.text()))),
)


@given(VALUES, st.sampled_from([str.upper, str.lower, str.swapcase, str.title]))
def test_a_value_reads_the_same_in_every_spelling(value: Whole, change: Callable[[str], str]) -> None:
    exact = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    other = exact
    for name in ("serialNumber", "howDone", "byName"):
        other = other.replace(f'"{name}":', f'"{change(name)}":')
    body = SPELLING.spell(other.encode("utf-8", "surrogatepass"))
    assert msgspec.json.decode(body, type=Whole) == value


@given(st.binary())
def test_any_text_can_be_checked(body: bytes) -> None:
    SPELLING.is_exact(body)
