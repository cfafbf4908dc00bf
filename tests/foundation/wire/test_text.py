"""Keys that ignore letter case, and characters no store can hold."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire.text import fold, forbidden_character


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lobby", "LOBBY"),
        ("STRASSE", "straße"),
        ("ΟΔΟΣ", "οδος"),
        ("caf\u00e9", "CAFE\u0301"),
        ("\u1fb3", "\u03b1\u0345"),
    ],
)
def test_spellings_that_differ_in_case_or_composition_share_a_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_letters_have_different_keys() -> None:
    assert fold("resume") != fold("résumé")


def test_every_character_folds_to_a_stable_key() -> None:
    unstable = [code for code in range(sys.maxunicode + 1) if fold(fold(chr(code))) != fold(chr(code))]
    assert unstable == []


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_canonically_equivalent_texts_share_a_key(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text)) == fold(text)


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=("Cs",))))
def test_ordinary_text_has_no_forbidden_character(text: str) -> None:
    assert forbidden_character(text) is None


@pytest.mark.parametrize(("text", "index"), [("\x00", 0), ("ab\x00", 2), ("a\ud800b", 1), ("\udfff", 0)])
def test_nul_and_lone_surrogates_are_found(text: str, index: int) -> None:
    assert forbidden_character(text) == index
