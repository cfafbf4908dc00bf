"""Every example of the users' page does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.fleet.subscriptions.catalogue import SUBSCRIPTIONS
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions import parser
from signfleet.foundation.expressions.binding import MAX_TAGS
from signfleet.foundation.expressions.lexer import MAX_LENGTH
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.expressions.parser import parse_projection
from signfleet.foundation.expressions.types import MAX_NUMBER
from signfleet.foundation.storage.interface import Store
from tests.foundation.expressions.evaluator import matches, ordered
from tests.foundation.expressions.fleet import put_fleet, random_fleet

PAGE = (Path(__file__).parents[3] / "docs" / "expressions.md").read_text()
BLOCKS = re.findall(r"^```(\w[^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def examples(kind: str) -> list[str]:
    return [line for name, block in BLOCKS if name == kind for line in block.splitlines()]


READERS = {
    "filter": DEVICES.filter,
    "filter of subscriptions": SUBSCRIPTIONS.filter,
    "filter of screenshots": SCREENSHOTS.filter,
    "sort": DEVICES.sort,
    "grouping": SCREENSHOTS.grouping,
    "projection": parse_projection,
}


def test_the_page_has_no_examples_of_an_unknown_sort() -> None:
    assert {name for name, _ in BLOCKS} == {*READERS, "error"}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in READERS for text in examples(kind)])
def test_an_example_is_read(kind: str, text: str) -> None:
    assert READERS[kind](text) is not None


async def test_an_example_finds_the_documented_result(store: Store) -> None:
    fleet = random_fleet(1, 30)
    await put_fleet(store, 1, fleet)
    devices = Listing(DEVICES)
    for text in examples("filter"):
        condition, _ = parser.parse_filter(text)
        expected = [document["id"] for document in fleet if matches(DEVICES, condition, document)]
        assert await devices.ids(store, 1, filter=DEVICES.filter(text)) == expected, text
    for text in examples("sort"):
        keys, _ = parser.parse_sort(text)
        expected = [document["id"] for document in ordered(DEVICES, keys, fleet)]
        page = await devices.page(store, 1, filter=None, sort=DEVICES.sort(text), position=None, size=100)
        assert page.ids == expected, text
    for catalogue, kind in ((SUBSCRIPTIONS, "filter of subscriptions"), (SCREENSHOTS, "filter of screenshots")):
        for text in examples(kind):
            assert await Listing(catalogue).ids(store, 1, filter=catalogue.filter(text)) == []


@pytest.mark.parametrize("block", [block for name, block in BLOCKS if name == "error"])
def test_an_error_reads_as_shown(block: str) -> None:
    text, message = block.splitlines()
    with pytest.raises(Invalid) as error:
        read(text)
    assert error.value.message == message


def read(text: str) -> None:
    """Reads a filter where no device has a model that is not listed."""
    filter = DEVICES.filter(text)
    for word in filter.unknown if filter else ():
        word.refuse()


def test_the_documented_limits_are_those_of_the_code() -> None:
    limits = [
        MAX_LENGTH,
        parser.MAX_DEPTH,
        parser.MAX_CRITERIA,
        MAX_TAGS,
        parser.MAX_VALUES,
        parser.MAX_CONTAINED,
        parser.MAX_SORT_KEYS,
    ]
    shown = re.findall(r"^\| [^|]+ \| (\d+) \|$", PAGE, re.MULTILINE)
    assert [int(number) for number in shown] == limits
    assert f"±{MAX_NUMBER}" in PAGE
