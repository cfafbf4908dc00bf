"""CSV: what is written reads back, whatever spreadsheets make of it; what is no CSV names its line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.csv_text import plain, read_csv, rows_as_csv, safe

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4))
def test_what_is_written_reads_back(rows: list[list[str]]) -> None:
    found = list(read_csv(rows_as_csv([["serial", "name"], *([safe(cell) for cell in row] for row in rows)])))
    shown = [row for row in rows if any(cell.strip() for cell in map(safe, row))]
    assert [row.cells for row in found[1:]] == [[safe(cell) for cell in row] for row in shown]


@given(CELLS.filter(lambda text: not text.startswith("'")))
def test_a_formula_comes_back_without_its_apostrophe(text: str) -> None:
    assert plain(safe(text)) == text


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    try:
        list(read_csv(content))
    except Invalid as error:
        assert "ine" in error.message or "UTF-16" in error.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_heading_shows_the_delimiter(delimiter: str, mark: bytes, end: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(
        [["a", "b"], ["1,;\t", 'two "2"\nlines'], [4, 5]]
    )
    rows = list(read_csv(mark + text.getvalue().encode()))
    assert [row.cells for row in rows] == [["a", "b"], ["1,;\t", 'two "2"\nlines'], ["4", "5"]]
    assert [row.line for row in rows] == [1, 2, 4]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'a,b\n1,"x', "Line 2 is not CSV"),
        (b"a,b\n1,\xff", "Line 2 is not in UTF-8"),
        (b"a,b\n\n1,\x00", "Line 3 has the character"),
        ("a,b".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_csv_names_its_line(content: bytes, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        list(read_csv(content))
