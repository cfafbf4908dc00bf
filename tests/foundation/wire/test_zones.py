"""Time zones by the contract's codes and by IANA name."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire import zones

JULY = datetime(2024, 7, 1, 12, tzinfo=UTC)
JANUARY = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "january", "july"),
    [
        ("PST", -8, -7),
        ("EST", -5, -4),
        ("EST1", -5, -5),
        ("MST1", -7, -7),
        ("GMTBST", 0, 1),
        ("GMT", 0, 0),
        ("CET", 1, 2),
        ("IST", 5.5, 5.5),
        ("NZST", 13, 12),
        ("GMT+3", 3, 3),
        ("GMT-14", -14, -14),
        ("GMT+9:30", 9.5, 9.5),
        ("Europe/Kyiv", 2, 3),
        ("America/Sao_Paulo", -3, -3),
        ("pst", -8, -7),
        ("europe/BERLIN", 1, 2),
        ("W. Europe Standard Time", 1, 2),
        ("utc-11", -11, -11),
        ("Etc/GMT+5", -5, -5),
    ],
)
def test_codes_and_names_have_their_offsets(code: str, january: float, july: float) -> None:
    zone = zones.zone(code)
    assert JANUARY.astimezone(zone).utcoffset() == timedelta(hours=january)
    assert JULY.astimezone(zone).utcoffset() == timedelta(hours=july)


@pytest.mark.parametrize("code", zones.CODES)
def test_every_code_is_known_to_the_time_zone_data(code: str) -> None:
    assert code == "GMT" or zones.zone(code) is not UTC


@pytest.mark.parametrize(
    "name", [None, "", "Nowhere", "GMT+15", "GMT+3:75", "../etc/passwd", "America", "\0", "x" * 5000]
)
def test_an_unknown_zone_means_utc(name: str | None) -> None:
    assert JULY.astimezone(zones.zone(name)).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("pst", "PST"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (" EUROPE/BERLIN ", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        ("gmt+9:30", "GMT+9:30"),
        ("Foo/Bar", None),
        ("GMT+15", None),
        ("", None),
    ],
)
def test_names_have_one_spelling(name: str, canonical: str | None) -> None:
    assert zones.canonical(name) == canonical


def test_every_windows_name_means_a_zone_of_the_time_zone_data() -> None:
    windows = json.loads((Path(zones.__file__).parent / "windows_zones.json").read_text())
    assert len(windows) > 130
    for name, iana in windows.items():
        assert zones.canonical(name) in (iana, name)  # `UTC-11` is an offset
        assert zones.canonical(iana) == iana


@pytest.mark.parametrize(
    ("name", "near"), [("Europe/Berln", "Europe/Berlin"), ("berlin", "Europe/Berlin"), ("New York", "America/New_York")]
)
def test_the_nearest_name_comes_first(name: str, near: str) -> None:
    assert zones.nearest(name)[0] == near


@given(st.text(alphabet=st.characters()))
def test_any_name_has_nearest_ones(name: str) -> None:
    assert all(zones.canonical(near) == near for near in zones.nearest(name))


@given(st.text(alphabet=st.characters()))
def test_no_name_raises(name: str) -> None:
    assert JULY.astimezone(zones.zone(name)) == JULY
