"""Changes of part of a document."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.errors import Invalid
from signfleet.web.contract.patch import PatchOperation, check_paths, converted, merged, patched, spell_values


class Screen(msgspec.Struct, rename="camel"):
    idle_color: str
    splash_url: str | None = None


class Part(msgspec.Struct):
    name: str


class ThingSettings(msgspec.Struct, rename="camel"):
    name: str
    description: str | None = None
    with_slash: int = msgspec.field(default=0, name="a/b")
    beacons: list[Part] = []


class Thing(msgspec.Struct):
    id: int
    settings: ThingSettings
    screen: Screen | None
    free: dict[str, Any] = {}


DOCUMENT: dict[str, Any] = {
    "id": 1,
    "settings": {"name": "a", "description": None, "a/b": 1, "beacons": [{"name": "x"}, {"name": "y"}]},
    "screen": {"idleColor": "FF000000", "splashUrl": None},
    "free": {"Kept": {"a": 1}},
}
CHANGEABLE = ("settings", "screen", "free")


def change(path: str, value: Any) -> dict[str, Any]:
    return patched(DOCUMENT, [PatchOperation("replace", path, value)], Thing, CHANGEABLE)


@pytest.mark.parametrize("path", ["/settings/name", "/settings/name/", "/Settings/NAME/"])
def test_a_path_may_end_in_a_slash_and_be_of_any_letter_case(path: str) -> None:
    assert change(path, "b")["settings"]["name"] == "b"


@pytest.mark.parametrize("more", [0, 1000])
async def test_names_in_a_new_value_may_have_any_letter_case(more: int) -> None:
    beacons = [{"NAME": "z"}] * (more + 1)
    changes = [
        PatchOperation("replace", "/SETTINGS/", {"Name": "b", "Beacons": beacons}),
        PatchOperation("replace", "/free", {"NAME": {"Name": 1}}),
        PatchOperation("replace", "/screen/splashUrl", "NAME"),
    ]
    await spell_values(changes, Thing)
    result = patched(DOCUMENT, changes, Thing, CHANGEABLE)
    assert result["settings"] == {"name": "b", "beacons": [{"name": "z"}] * (more + 1)}
    assert result["free"] == {"NAME": {"Name": 1}}


def test_elements_of_arrays_and_whole_arrays_can_be_replaced() -> None:
    assert change("/settings/beacons/1/name", "z")["settings"]["beacons"] == [{"name": "x"}, {"name": "z"}]
    assert change("/settings/beacons/", [])["settings"]["beacons"] == []


def test_a_slash_in_a_name_is_escaped() -> None:
    assert change("/settings/a~1b", 2)["settings"]["a/b"] == 2


def test_the_original_document_does_not_change() -> None:
    before = msgspec.json.encode(DOCUMENT)
    change("/settings/beacons/0/name", "changed")
    merged(DOCUMENT, {"settings": {"name": "changed"}})
    assert msgspec.json.encode(DOCUMENT) == before


def test_changes_are_applied_in_order() -> None:
    changes = [PatchOperation("replace", "/settings", {"name": "b"}), PatchOperation("replace", "/settings/name", "c")]
    assert patched(DOCUMENT, changes, Thing, CHANGEABLE)["settings"] == {"name": "c"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "has to lead to a property"),
        ("/", "has to lead to a property"),
        ("settings/name", "has to lead to a property"),
        ("/nothing", "there is no property 'nothing'"),
        ("/settings/nothing/", "there is no property 'nothing'"),
        ("/settings//name", "there is no property ''"),
        ("/id", "cannot be changed"),
        ("/settings/beacons/2", "the array has 2 elements"),
        ("/settings/beacons/-", "the array has 2 elements"),
        ("/settings/beacons/-1", "the array has 2 elements"),
        ("/settings/beacons/01", "the array has 2 elements"),
        ("/settings/beacons/٠", "the array has 2 elements"),
        ("/settings/beacons/99999999999999999999", "the array has 2 elements"),
        ("/settings/description/text", "is null"),
        ("/settings/name/first", "has no parts"),
    ],
)
def test_the_error_names_a_path_that_does_not_exist(path: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as raised:
        change(path, "b")
    assert f"'{path}'" in raised.value.message


def test_a_path_cannot_enter_a_member_that_is_not_a_property() -> None:
    """What a client has put beside the properties is neither searched nor changed."""
    unknown = {f"k{number}": {} for number in range(1000)}
    changes = [PatchOperation("replace", "/settings", {"name": "b", "extra": unknown})]
    assert patched(DOCUMENT, changes, Thing, CHANGEABLE)["settings"]["extra"] == unknown
    with pytest.raises(Invalid, match="there is no property 'extra'"):
        patched(DOCUMENT, [*changes, PatchOperation("replace", "/settings/extra/k1", 1)], Thing, CHANGEABLE)


def test_keys_of_maps_have_to_match_exactly() -> None:
    assert change("/free/Kept/a", 2)["free"] == {"Kept": {"a": 2}}
    with pytest.raises(Invalid, match="there is no property 'kept'"):
        change("/free/kept/a", 2)


def test_paths_are_checked_before_any_document_is_read() -> None:
    check_paths([PatchOperation("replace", "/screen/splashUrl", None)], Thing, CHANGEABLE)
    with pytest.raises(Invalid, match="there is no property 'nothing'"):
        check_paths([PatchOperation("replace", "/screen/nothing", None)], Thing, CHANGEABLE)


def test_a_path_of_many_steps_is_refused_and_not_repeated() -> None:
    with pytest.raises(Invalid, match="more than 16 steps deep") as raised:
        change("/settings" * 5000, 1)
    assert len(raised.value.message) < 300


def test_the_error_names_the_place_of_a_value_that_does_not_fit() -> None:
    with pytest.raises(Invalid, match=r"at 'screen\.idleColor'"):
        converted(change("/screen/idleColor", 7), Thing)


def test_a_partial_body_may_omit_properties_at_every_level() -> None:
    result = merged(DOCUMENT, {"settings": {"name": "b", "beacons": []}, "screen": None})
    assert result["settings"] == {"name": "b", "description": None, "a/b": 1, "beacons": []}
    assert result["screen"] is None
    assert result["id"] == 1


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.lists(
        st.builds(PatchOperation, st.just("replace"), st.text() | st.from_regex(r"(/\w+){1,4}/?"), _values), max_size=5
    )
)
def test_any_patch_is_applied_or_refused(changes: list[PatchOperation]) -> None:
    try:
        assert patched(DOCUMENT, changes, Thing, CHANGEABLE)["id"] == 1
    except Invalid as error:
        assert "'" in error.message


@given(st.dictionaries(st.text(), _values))
def test_merging_into_an_empty_document_returns_the_document(document: dict[str, Any]) -> None:
    assert merged({}, document) == document
    assert merged(document, document) == document
    assert merged(document, {}) == document
