"""The order of names: that of people and of Unicode, whatever store compares the keys."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signfleet.foundation.wire.collation import LIMIT, order_key
from signfleet.foundation.wire.text import fold

IN_ORDER = {
    "letters with marks are among those without": ["Ebene", "Écran", "Fenster", "Zug"],
    "numbers go by their size": ["Screen 2", "Screen 10", "Screen 010", "Screen 100 A", "Screen A"],
    "a name comes before its continuation": ["Hall", "Hall 1", "Hall A", "Halle"],
    "spaces, then punctuation, then symbols, then numbers, then letters": [
        "a b",
        "a_b",
        "a-b",
        "a.b",
        "a$b",
        "a1b",
        "ab",
    ],
    "other punctuation comes with that of ASCII": ["a-b", "a–b", "a€b", "a1b"],
    "marks decide where letters do not": ["cote", "coté", "côte", "cotf"],
    "German": ["Strasse 1", "Straße 2", "Strasse 3", "Strauß", "Über", "Ufer", "Uhr"],
    "Polish and Czech": ["Lodz", "Łódź", "Lom", "Zabka", "Žďár", "Zebra"],
    "Danish and French": ["Adr", "æble", "Af", "Oder", "œuf", "Of", "Øl", "Zoo"],
    "Icelandic and Turkish": ["Dal", "ðe", "Df", "Iris", "İzmir", "ısı", "Jan", "Zug", "Þór"],
    "Greek": ["Άλφα", "Βήτα", "Γάμμα", "ΟΔΟΣ", "οδός 2", "Ωμέγα"],
    "Cyrillic": ["Ганок", "Ґанок", "Гараж", "Дім", "Елка", "Ёлка", "Епос", "Імперія", "Йога", "Київ", "Яр"],
    "Hebrew": ["מך", "מכה", "מל"],
    "Arabic": ["بيت", "پارک", "تمر", "ثلج", "جمل", "چای", "کتاب", "گل", "ليل"],
    "Japanese": ["かき", "カキ1", "がき2", "かく", "きゃく", "ひる", "漢字"],
    "Chinese": ["一楼", "三楼", "上海"],
    "Korean": ["가게", "각", "나무"],
    "Devanagari": ["कब", "का", "कि", "ख"],
    "scripts": ["1", "z", "ω", "я", "ת", "ي", "한", "あ", "漢"],
    "digits of other scripts are digits": ["٢", "10", "１００"],
}

_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_names = st.one_of(
    _text,
    st.text("aAäÄeéEßsłl012 -_.", max_size=8),
    st.text("еёийіякЖ漢かガ가ु\u0301\u0308ﬁ²١", max_size=8),
)


@pytest.mark.parametrize("names", IN_ORDER.values(), ids=IN_ORDER)
def test_names_are_in_the_order_in_which_people_look_for_them(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=order_key) == names


@given(_names)
@example("İ")
@example("\U0010ffff")
def test_spellings_of_one_name_have_one_key(name: str) -> None:
    key = order_key(name)
    assert key == order_key(fold(name)) == order_key(unicodedata.normalize("NFD", name))
    assert key == order_key(unicodedata.normalize("NFC", name))


@given(_names, _names)
@example("07", "7")
@example("1" * 48 + "01", "1" * 48 + "1")
@example("đ", "d\U0010ffff")
@example("\x1f", "")
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert (order_key(one) == order_key(other)) is (fold(one) == fold(other))


@given(_names, _names)
def test_code_points_and_bytes_order_keys_alike(one: str, other: str) -> None:
    first, second = order_key(one), order_key(other)
    assert (first < second) is (first.encode() < second.encode())
    assert "\0" not in first


@given(st.integers(0, 10**47), st.integers(0, 10**47), st.sampled_from(["", "Hall ", "é"]))
def test_numbers_in_names_go_by_their_size(one: int, other: int, before: str) -> None:
    assert (order_key(f"{before}{one}") < order_key(f"{before}{other}")) is (one < other)


@given(_names, st.integers(1, 400))
@example("ﷺ", 400)
@example("\U0010ffff", 400)
@example("1 ", 400)
def test_a_key_is_short_enough_for_every_index(name: str, times: int) -> None:
    key = order_key(name * times)
    assert len(key) <= 2 * LIMIT + 1
    assert len(key.encode()) <= 2600
