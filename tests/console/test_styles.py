"""Styles that fit every direction of writing: they name start and end, not left and right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src" / "signfleet"
SHEETS = ["console/static/console.css", "web/documentation/page.css"]
#: Properties and values that mean a side of the screen, which another direction of writing exchanges.
SIDES = re.compile(
    r"(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right)\b"
    r"|(?<![-\w])(?:left|right)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)"
    r"|border-(?:top|bottom)-(?:left|right)-radius"
    r"|translate(?:X|3d)?\("
)


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_style_names_a_side(sheet: str) -> None:
    assert SIDES.findall((SOURCES / sheet).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_four_values_differ_between_the_sides(sheet: str) -> None:
    """`padding: 1rem 2rem 1rem 0` has its third and fourth value on sides of the screen."""
    text = (SOURCES / sheet).read_text(encoding="utf-8")
    sides = re.findall(r"(?:margin|padding|inset):" + 4 * r"\s+([^\s;]+)", text)
    assert [each for each in sides if each[1] != each[3]] == []


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_style_takes_the_outline_of_what_has_the_focus(sheet: str) -> None:
    text = (SOURCES / sheet).read_text(encoding="utf-8")
    assert re.search(r":focus-visible\s*\{[^}]*outline:\s*3px solid", text)
    assert not re.search(r"outline(?:-style|-width)?:\s*(?:none|0)\b", text)


def test_a_physical_style_would_be_found() -> None:
    assert all(map(SIDES.search, ("a { margin-left: 1px }", "a { left: 0 }", "a { text-align: right }")))
    assert not SIDES.search("a { margin-inline-start: 1px; text-align: start }")
