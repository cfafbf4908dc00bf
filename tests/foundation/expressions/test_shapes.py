"""Filters that differ only in their values share one statement, each with its own values."""

from __future__ import annotations

import pytest

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage.query import Prepared

SHARING = Listing(DEVICES)
#: The filters of a line have one shape.
SHAPES = (
    ("[Model] IS 'HD1024'", "[Model] IS 'xt1144'", "[Model] IS IN ('LS424')"),
    ("[Model] IS NOT 'HD1024'", "[Model] IS NOT 'XT1144'"),
    ("[Model] IS IN ('HD1024', 'XT1144')", "[Model] IS IN ('LS424', 'LS445', 'HD1024')"),
    ("[Id] IS 1", "[Id] IS IN (2, 2.5)"),
    ("[Id] IS 2.5", "[Id] IS IN (2.5, 3.5)"),
    ("[Id] IS GREATER THAN 2", "[Id] IS GREATER THAN 2.5"),
    ("[Id] IS LESS THAN 2", "[Id] IS LESS THAN -7.5"),
    ("[Serial] BEGINS WITH 'a'", "[Serial] BEGINS WITH 'b*'"),
    ("[Serial] BEGINS WITH '\U0010ffff'",),
    ("[Serial] BEGINS WITH ''", "[Serial] IS '*'"),
    ("[Serial] ENDS WITH 'a'", "[Serial] ENDS WITH '7%'", "[Serial] IS 'a*b'"),
    ("[LastModifiedDate] IS '2024-03-13T00:00:00Z'", "[LastModifiedDate] IS '2025-03-13T00:00:00Z'"),
    ("[Settings].[Description] IS 'a'", "[Settings].[Description] IS 'b'"),
    ("[Settings].[Description] IS NULL",),
    ("<City> IS 'Odesa'", "<Town> IS 'Kyiv'"),
    ("<City> IS 2", "<City> IS 2.5"),
    ("string::<City> IS 'Odesa'", "string::<Town> IS 'Kyiv'"),
    ("[Device].<City> IS 'Odesa'",),
    ("stringArray::<City> CONTAINS ALL ('a', 'b')", "stringArray::<Town> CONTAINS ALL ('c', 'd')"),
    ("stringArray::<City> CONTAINS ALL ('a', 'b', 'c')",),
    ("stringArray::<City> CONTAINS ANY ('a', 'b')",),
    ("[Model] IS 'HD1024' AND [Id] IS 1", "[Model] IS 'XT1144' AND [Id] IS 2"),
    ("[Model] IS 'HD1024' OR [Id] IS 1",),
)


def prepared(listing: Listing, text: str, dialect: str) -> Prepared:
    filter = DEVICES.filter(text)
    assert filter is not None
    return listing.statement(filter, DEVICES.sort(None)).prepared(dialect)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize("texts", SHAPES, ids=lambda texts: texts[0])
def test_filters_of_one_shape_share_their_statement(texts: tuple[str, ...], dialect: str) -> None:
    shared = [prepared(SHARING, text, dialect) for text in texts]
    assert all(one.text is shared[0].text for one in shared)
    for text, one in zip(texts, shared, strict=True):
        alone = prepared(Listing(DEVICES), text, dialect)
        given = {"network_id": 1, "limit": 2}
        assert (one.text, one.arguments(given)) == (alone.text, alone.arguments(given))
