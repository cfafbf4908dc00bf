from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.markers import Markers
from signfleet.foundation.expressions.parser import MAX_SORT_KEYS
from signfleet.foundation.expressions.types import MAX_NUMBER, Kind, Value
from signfleet.foundation.wire import datetime, timespan
from signfleet.foundation.wire.text import fold

_VALUES: dict[Kind, st.SearchStrategy[Value]] = {
    Kind.STRING: st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")),
    Kind.ENUM: st.sampled_from(["Active", "Suspended"]),
    Kind.NUMBER: st.integers(-MAX_NUMBER, MAX_NUMBER) | st.floats(-180, 180),
    Kind.DATE_TIME: st.integers(datetime.MIN_MS, datetime.MAX_MS),
    Kind.TIME_SPAN: st.integers(0, timespan.MAX_MS),
    Kind.BOOLEAN: st.booleans(),
}
_fields = st.sampled_from(sorted(_VALUES, key=lambda kind: kind.value)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.none() | _VALUES[kind])
)


def _plain(marker: str) -> str:
    return base64.b64decode(marker).decode()


@given(st.lists(_fields, min_size=1, max_size=4), st.integers(0, 2**53))
def test_a_marker_decodes_to_what_it_was_made_of(fields: list[tuple[Kind, Value | None]], id: int) -> None:
    kinds = [kind for kind, _ in fields]
    values = tuple(value for _, value in fields)
    assert Markers(kinds).decode(Markers(kinds).encode(values, id)) == (values, id)


@pytest.mark.parametrize(
    ("kind", "value", "id", "marker"),
    [
        (Kind.NUMBER, 1829608364, 1829608364, "MTgyOTYwODM2NCwxODI5NjA4MzY0"),
        (Kind.DATE_TIME, 1685689372990, 424574, "MjAyMy0wNi0wMlQwNzowMjo1Mi45OTBaLDQyNDU3NA=="),
        (Kind.DATE_TIME, None, 37206, "LDM3MjA2"),
        (Kind.DATE_TIME, None, 1886352495, "LDE4ODYzNTI0OTU="),
    ],
)
def test_markers_have_the_form_of_the_contract(kind: Kind, value: Value | None, id: int, marker: str) -> None:
    assert Markers([kind]).encode([value], id) == marker
    assert Markers([kind]).decode(marker) == ((value,), id)


@pytest.mark.parametrize(
    ("kind", "value", "plain"),
    [
        (Kind.STRING, "lobby", "lobby,7"),
        (Kind.STRING, "lobby, left", '"lobby, left",7'),
        (Kind.STRING, 'the "bar"', '"the ""bar""",7'),
        (Kind.STRING, "", '"",7'),
        (Kind.BOOLEAN, True, "true,7"),
        (Kind.TIME_SPAN, 300_000, "00:05:00,7"),
        (Kind.NUMBER, 12.5, "12.5,7"),
        (Kind.NUMBER, 3.0, "3,7"),
    ],
)
def test_ambiguous_text_is_quoted(kind: Kind, value: Value, plain: str) -> None:
    assert _plain(Markers([kind]).encode([value], 7)) == plain


def test_a_plus_sent_as_a_blank_is_still_read() -> None:
    marker = Markers([Kind.STRING]).encode(["~~~>>>"], 1)
    assert "+" in marker
    assert Markers([Kind.STRING]).decode(marker.replace("+", " ")) == (("~~~>>>",), 1)


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "7",
        "x,7",
        "1,2,7",
        "1,x",
        "1,",
        "1,99999999999999999999",
        '"1,7',
        "1,-7",
        "nan,7",
        "inf,7",
        "1e300,7",
        "1e18,7",
        "9007199254740992,7",
        "1.5,7",
        "1,7,",
        "1,\u0661",
    ],
)
def test_a_marker_that_does_not_fit_is_refused(plain: str) -> None:
    with pytest.raises(Invalid) as error:
        Markers([Kind.NUMBER], whole=[0]).decode(base64.b64encode(plain.encode()).decode())
    assert "nextMarker" in error.value.message


@pytest.mark.parametrize("value", [1e22, -9007199254740992.0, 1e-20, 2.5])
def test_numbers_of_tags_have_markers_whatever_their_size(value: float) -> None:
    markers = Markers([Kind.NUMBER])
    assert markers.decode(markers.encode([value], 7)) == ((value,), 7)


@pytest.mark.parametrize("character", ["\U00010428", '"', fold("\u1f82")])
def test_the_longest_texts_have_markers_that_are_read(character: str) -> None:
    markers = Markers([Kind.STRING] * MAX_SORT_KEYS)
    values = (character * 4096,) * MAX_SORT_KEYS
    assert markers.decode(markers.encode(values, 7)) == (values, 7)


@pytest.mark.parametrize("marker", ["%%%", "a", "é", "/w==", "AA==", "A" * 300_000])
def test_a_marker_that_cannot_be_decoded_is_refused(marker: str) -> None:
    with pytest.raises(Invalid):
        Markers([Kind.STRING]).decode(marker)


@given(st.text(max_size=40))
def test_any_text_is_a_marker_or_refused(marker: str) -> None:
    try:
        Markers([Kind.DATE_TIME]).decode(marker)
    except Invalid as error:
        assert error.details == "marker"
