"""Counts of matches from maintained counts, beside the same counted device by device."""

from __future__ import annotations

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.counts.matching_store import maintained_count
from signfleet.foundation.expressions.listing import EVERYTHING, Listing
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.tables import device
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.rules import Rule
from signfleet.identity.access.visibility import scope_of
from tests.foundation.expressions.fleet import put_fleet, random_fleet
from tests.identity.access.granted import grant

ANSWERED = (
    "[Model] IS 'HD1024'",
    "[Model] IS NOT 'HD1024'",
    "[Model] IS IN ('HD1024', 'XD1034') AND [Status].[Health] IS NOT 'Error'",
    "[Model] CONTAINS '10' OR [Status].[Health] IS IN ('Warning', 'Unknown')",
    "[Status].[Health] IS 'Normal'",
    "[Status].[Health] IS NOT NULL AND [Model] BEGINS WITH 'x'",
    "[Settings].[Group].[Id] IS 1",
    "[Settings].[Group].[Id] IS NOT 2 AND [Status].[Health] IS 'Error'",
    "[Settings].[Group].[Id] IS GREATER THAN 1.5",
    "[Settings].[Group] IS NULL",
)
OTHERS = ("[Settings].[Group].[Id] IS 1 AND [Model] IS 'HD1024'", "[Serial] IS 'x'", "<City> IS 'x'")
#: A user to whom some devices are denied, and one who may see only some.
DENIED, ALLOWED = 7, 8


async def test_maintained_and_counted_matches_agree(store: Store) -> None:
    await put_fleet(store, 1, random_fleet(13, 60))
    await put_fleet(store, 2, [document | {"id": document["id"] + 100} for document in random_fleet(14, 5)])
    for user_id in (DENIED, ALLOWED):
        for id_ in (1, 2, 3, 5, 8, 13, 21):
            await grant(store, 1, VIEW_DEVICE, allowed=user_id == ALLOWED, entity_id=id_, user_id=user_id)
    general = [Rule(VIEW_DEVICE.uid, False, True)]
    special = Rule(VIEW_DEVICE.uid, True, False, True), Rule(VIEW_DEVICE.uid, True, True, True)
    scopes = (
        EVERYTHING,
        scope_of(general, special[:1], VIEW_DEVICE, device.c.id, user_id=DENIED, role_id=0),
        scope_of([], special[1:], VIEW_DEVICE, device.c.id, user_id=ALLOWED, role_id=0),
    )
    plain, maintained = Listing(DEVICES), Listing(DEVICES, maintained=maintained_count)
    seen = set()
    for text in ANSWERED:
        found = DEVICES.filter(text)
        assert found is not None and maintained_count(found, EVERYTHING) is not None, text
        for scope in scopes:
            expected = await plain.count(store, 1, filter=found, scope=scope)
            assert await maintained.count(store, 1, filter=found, scope=scope) == expected, (text, scope.name)
            seen.add(expected)
    assert len(seen) > 10


async def test_other_filters_are_not_answered_from_counts() -> None:
    for text in OTHERS:
        found = DEVICES.filter(text)
        assert found is not None and maintained_count(found, EVERYTHING) is None, text
