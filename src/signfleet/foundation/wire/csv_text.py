"""Writes CSV (RFC 4180) that spreadsheets open without evaluating what clients have written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

#: Characters with which a formula begins in spreadsheets, in some also full-width ones.
FORMULA_BEGINS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def safe(text: str) -> str:
    """Returns a text as a cell; one that a spreadsheet would evaluate as a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


def rows_as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Returns rows of cells as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
