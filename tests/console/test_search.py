"""What the search box means."""

from __future__ import annotations

import pytest

from signfleet.console.players.search import filter_of, read
from signfleet.fleet.health.catalogue import HEALTHS
from signfleet.foundation.errors import Invalid


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("", None),
        ("lobby", "[settings].[name] CONTAINS 'lobby' OR [serial] CONTAINS 'lobby'"),
        ("health:error tag:floor", "([status].[health] IS 'error') AND (<floor> IS NOT NULL)"),
        ('group:"Retail Floor"', "[settings].[group].[name] IS 'Retail Floor'"),
        ("tag:floor=2", "<floor> IS '2' OR <floor> IS 2"),
        (
            "tag:lit=true x",
            "(<lit> IS 'true' OR <lit> IS true) AND ([settings].[name] CONTAINS 'x' OR [serial] CONTAINS 'x')",
        ),
        ('tag:owner="Joe\'s Bar"', "<owner> IS 'Joe''s Bar'"),
        ("place:Berlin", "[settings].[location].[path] CONTAINS 'Berlin'"),
        ("[Id] > 3", "[Id] > 3"),
    ],
)
def test_words_and_conditions_become_a_filter(text: str, filter: str | None) -> None:
    assert filter_of(read(text)) == filter


@pytest.mark.parametrize(
    "text",
    [
        "joe's",
        "a\\b",
        "health:error model:xt1144 x",
        "tag:floor reason:silent",
        "tag:floor=2",
        "tag:lit=true",
        "tag:owner=x=y",
        'tag:owner="a b',
        "address:192.0.2.1 firmware:9 subscription:active place:'",
    ],
)
async def test_every_search_is_a_filter_that_the_server_reads(text: str) -> None:
    await HEALTHS.read_filter(filter_of(read(text)))


def test_an_unknown_condition_names_those_that_there_are() -> None:
    with pytest.raises(Invalid, match="'helth:' is no condition; there are health:, model:"):
        read("helth:error")
